import type { ClientError } from './failure.js';

/**
 * | state | means | leaves it |
 * | --- | --- | --- |
 * | `idle` | nobody is subscribed, nothing is open | a first subscriber |
 * | `connecting` | the first attempt since `idle` runs, or waits for `retryAt`, as the hub asked before | its outcome |
 * | `connected` | the stream is open | a loss, `pagehide`, the last subscriber |
 * | `reconnecting` | lost; `retryAt` says when the next attempt begins | its outcome |
 * | `failed` | given up (`error.fatal`), or `attemptsMax` reached and still trying | `reconnect()`; where it still tries, the hub's return |
 * | `suspended` | the page is hidden away or frozen, the stream closed | the page's return |
 * | `closed` | `close()` was called | never |
 */
export type Status = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'failed' | 'suspended' | 'closed';

/**
 * `pending`: asked for. `active`: on the stream. `denied`: the hub doesn't allow it, an operator took it away, or the
 * stream has as many as it may.
 */
export type ChannelStatus = 'pending' | 'active' | 'denied';

/**
 * Whose stream it is. `solo`: this client's own, or none. With `share` one of the tabs is the `leader` and has the
 * stream, the others are `follower`s and hear from it.
 */
export type Role = 'solo' | 'leader' | 'follower';

/** Never changes: another state is another object. */
export interface Snapshot {
  readonly status: Status;
  readonly role: Role;
  /** Attempts that failed in a row. Back to 0 only once a connection was stable for `stableMs`. */
  readonly attempt: number;
  /** When the next attempt begins, in milliseconds on `Date.now()`'s clock; null where none is due. */
  readonly retryAt: number | null;
  /** Why it isn't connected; null while it is, and where nothing went wrong. */
  readonly error: ClientError | null;
  /** What the hub said of the open stream; null while none is open. */
  readonly connection: ConnectionInfo | null;
  readonly channels: Readonly<Record<string, ChannelStatus>>;
}

export interface ConnectionInfo {
  /** The public id, as the monitor shows it. The secret one is kept inside. */
  readonly id: string;
  readonly user: string;
  readonly node: string;
}

/** A store in the shape of React's `useSyncExternalStore`. Both functions may be passed on without `this`. */
export interface StatusStore {
  readonly getSnapshot: () => Snapshot;
  /** Calls `changed` after each change; the answer ends that. */
  readonly subscribe: (changed: () => void) => () => void;
}

/** A client that nobody is subscribed to; and what a page rendered on a server shows. */
export const IDLE: Snapshot = {
  status: 'idle',
  role: 'solo',
  attempt: 0,
  retryAt: null,
  error: null,
  connection: null,
  channels: Object.create(null),
};

/** Without a prototype: a channel may be called `constructor`, or `__proto__`. */
export function statuses(names: Iterable<string>, of: (name: string) => ChannelStatus): Snapshot['channels'] {
  const all: Record<string, ChannelStatus> = Object.create(null);
  for (const name of [...names].sort()) all[name] = of(name);
  return all;
}

/** The store, and what sets it. */
export function store(report: (error: unknown) => void): StatusStore & { readonly set: (next: Snapshot) => void } {
  let snapshot = IDLE;
  const listeners = new Set<() => void>();
  return {
    getSnapshot: () => snapshot,
    subscribe: (changed) => {
      // One function given twice is two listeners, each with its own end.
      const listener = () => changed();
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set: (next) => {
      if (same(snapshot, next)) return;
      snapshot = Object.freeze(next);
      each(listeners, report, (listener) => listener());
    },
  };
}

/** Those who are there now; who is taken off meanwhile hears no more. One that throws harms no other. */
export function each<T>(all: Set<T>, report: (error: unknown) => void, call: (one: T) => unknown): void {
  for (const one of [...all]) {
    try {
      if (all.has(one)) call(one);
    } catch (error) {
      report(error);
    }
  }
}

const same = (one: Snapshot, other: Snapshot): boolean => JSON.stringify(one) === JSON.stringify(other);
