/** The newest events of a channel, as many as a page can hold. */
export interface Tail<Line> {
  /** Newest first. */
  readonly lines: readonly Line[];
  /** Lines that came while it was paused, and wait; bounded as well. */
  readonly waiting: readonly Line[];
  /** How many came in all. */
  readonly seen: number;
  readonly paused: boolean;
}

export const TAIL_LINES_MAX = 200;

export const EMPTY: Tail<never> = { lines: [], waiting: [], seen: 0, paused: false };

/** Puts a line to the news that wait to be drawn: no more than will be, since a hidden page draws once a minute. */
export function gather<Line>(news: Line[], line: Line): void {
  news.push(line);
  if (news.length >= 2 * TAIL_LINES_MAX) news.splice(0, news.length - TAIL_LINES_MAX);
}

/** `news` in the order in which they came; `number` of them, not all of which need be there. */
export function came<Line>(tail: Tail<Line>, news: readonly Line[], number = news.length): Tail<Line> {
  const seen = tail.seen + number;
  const newest = [...news].reverse();
  if (tail.paused) return { ...tail, seen, waiting: bounded([...newest, ...tail.waiting]) };
  return { ...tail, seen, lines: bounded([...newest, ...tail.lines]) };
}

export function pause<Line>(tail: Tail<Line>, paused: boolean): Tail<Line> {
  if (paused) return { ...tail, paused };
  return { ...tail, paused, lines: bounded([...tail.waiting, ...tail.lines]), waiting: [] };
}

function bounded<Line>(lines: readonly Line[]): readonly Line[] {
  return lines.slice(0, TAIL_LINES_MAX);
}
