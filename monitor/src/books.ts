import { count } from './format.js';
import type { Stats } from './hub/types.js';

export interface Balance {
  readonly opened: number;
  readonly closed: number;
  readonly open: number;
  /** What was opened and has not closed is what is in the table. */
  readonly holds: boolean;
}

export function balance({ connections }: Pick<Stats, 'connections'>): Balance {
  const closed = sum(connections.closed_total);
  const open = connections.opened_total - closed;
  return { opened: connections.opened_total, closed, open, holds: open === connections.active };
}

/** What the hub's own audit found when it last held its books against the kernel's list of sockets. */
export function audit({ mismatch, audited_at }: Stats['truth']): {
  holds: 'true' | 'false' | 'unknown';
  words: string;
} {
  if (audited_at === null) return { holds: 'unknown', words: 'Audit not yet run' };
  if (mismatch === 0) return { holds: 'true', words: 'Audit mismatch 0' };
  return { holds: 'false', words: `Audit mismatch ${count(mismatch)}: books and the kernel’s sockets differ` };
}

/** `1, this monitor`: the page says that it counts itself, where it does. */
export function headline(active: number, own: boolean): { number: string; rest: string } {
  const rest = !own || active === 0 ? '' : active === 1 ? ', this monitor' : ', this monitor among them';
  return { number: count(active), rest };
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, one) => all + one, 0);
}

export interface Bar {
  readonly name: string;
  readonly number: number;
  /** Of the whole, 0 to 1. */
  readonly share: number;
}

/** Those that occur, the most frequent first. */
export function histogram(counts: Readonly<Record<string, number>>): readonly Bar[] {
  const all = sum(counts);
  return Object.entries(counts)
    .filter(([, number]) => number > 0)
    .sort(([one, many], [other, more]) => more - many || (one < other ? -1 : 1))
    .map(([name, number]) => ({ name, number, share: number / all }));
}
