/** The hub's own spelling of a cursor: a life of its log, a place in it that only grows, and whether a gap is owed. */
const CURSOR = /^(.+)-([0-9a-z]+)(~?)$/;

/**
 * Which of two cursors stands for more: above 0 the first, below 0 the second. Undefined where that can't be told: of
 * two lives of the log, or of text that isn't spelled like a cursor.
 */
export function order(one: string, other: string): number | undefined {
  if (one === other) return 0;
  const [a, b] = [CURSOR.exec(one), CURSOR.exec(other)];
  if (!a || !b || a[1] !== b[1]) return undefined;
  // Who is owed a gap stands before who has been told.
  return place(a) - place(b) || String(b[3]).length - String(a[3]).length;
}

/** The one that misses nothing of the others', as far as that can be told; the first, where it can't. */
export function lowest(cursors: readonly (string | null)[]): string | null {
  return cursors.reduce((low, one) => (low === null || (one !== null && (order(one, low) ?? 0) < 0) ? one : low), null);
}

const place = (found: RegExpExecArray): number => Number.parseInt(String(found[2]), 36);
