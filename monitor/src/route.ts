export const VIEWS = ['connections', 'closed', 'channels', 'users', 'nodes'] as const;
export type View = (typeof VIEWS)[number];

/** What the page shows, as its address tells it: whoever is sent the link sees the same. */
export interface Route {
  readonly view: View;
  readonly params: Readonly<Record<string, string>>;
}

/** Reads `#connections?q=ada&sort=-behind`. What is no view is the first one. */
export function parse(hash: string): Route {
  const [name = '', query = ''] = split(hash.replace(/^#/, ''));
  const view = VIEWS.find((one) => one === name) ?? VIEWS[0];
  return { view, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** The hash of a view; members that are empty or undefined are left out. */
export function format(view: View, params: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(params).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const query = new URLSearchParams(given.sort(([one], [other]) => (one < other ? -1 : 1))).toString();
  return query ? `#${view}?${query}` : `#${view}`;
}

function split(text: string): [string, string] {
  const at = text.indexOf('?');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
