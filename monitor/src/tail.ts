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

/** `news` in the order in which they came. */
export function came<Line>(tail: Tail<Line>, news: readonly Line[]): Tail<Line> {
  const seen = tail.seen + news.length;
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
