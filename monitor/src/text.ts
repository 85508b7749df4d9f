const SHOWN_MAX = 60;
const TITLE_MAX = 2_000;

/** More of a text than any of it is ever shown; a character has at most two units. */
export const UNITS_MAX = 2 * (TITLE_MAX + 1);

/** A string that somebody else chose, fit to be looked at. */
export interface Shown {
  readonly text: string;
  /** The whole of it, where `text` is cut. */
  readonly title: string | undefined;
}

/**
 * Characters that can't be seen, or that move others, as their code: a name must neither look like another one nor
 * rearrange the words beside it. Cut to `max` characters, never in the middle of one.
 */
export function shown(value: unknown, max = SHOWN_MAX): Shown {
  // The rest of a text of megabytes is looked at by nobody, and must not be by this either.
  const whole = visible(String(value).slice(0, UNITS_MAX));
  const characters = [...whole];
  if (characters.length <= max) return { text: whole, title: undefined };
  const title = characters.length <= TITLE_MAX ? whole : `${characters.slice(0, TITLE_MAX).join('')}…`;
  return { text: `${characters.slice(0, max).join('')}…`, title };
}

// Controls, formats (all that steer direction among them), line ends, spaces other than the usual one, halves of
// surrogate pairs, and letters that are drawn as nothing.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u2800\u3164\uffa0]|(?! )\p{Zs}/gu;

export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
