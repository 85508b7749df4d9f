import type { Connection, LinkHooks } from './connection.js';
import type { Gap, TidingsEvent } from './event.js';
import type { Settings } from './options.js';
import { lowest, order } from './place.js';
import type { Snapshot } from './status.js';

/** What a tab wants, and where it is. Said when it joins, when that changes, to a new leader, and to hear an answer. */
export interface Want {
  readonly kind: 'want';
  readonly id: string;
  readonly channels: readonly string[];
  readonly cursor: string | null;
}

/** What the leader says of itself and its stream, to all. */
export interface State {
  readonly kind: 'state';
  readonly term: number;
  readonly clientId: string;
  /** The tabs whose wants the stream has from their place on; the leader's own first. */
  readonly tabs: readonly string[];
  readonly cursor: string | null;
  /** Of the whole stream; null while it was not begun. */
  readonly snapshot: Snapshot | null;
}

export type Said =
  | Want
  | State
  | { readonly kind: 'event'; readonly term: number; readonly cursor: string | null; readonly event: TidingsEvent }
  | { readonly kind: 'gap'; readonly term: number; readonly cursor: string | null; readonly gap: Gap }
  /** To the leader: that somebody looks at a page, or asked by hand. */
  | { readonly kind: 'nudge' }
  | { readonly kind: 'reconnect' };

export interface LeaderHooks {
  readonly id: string;
  readonly term: number;
  readonly clientId: string;
  /** Where the leader's own tab is. */
  readonly cursor: () => string | null;
  /** Those that will answer if they live; undefined where nothing is known. */
  readonly expected: readonly string[] | undefined;
  readonly settings: Settings;
  readonly open: (settings: Settings, hooks: LinkHooks) => Connection;
  readonly desired: () => Set<string>;
  /** To all tabs, the leader's own too. */
  readonly say: (said: Said) => void;
  /** Calls once that tab is gone. */
  readonly gone: (id: string, call: () => void) => void;
  /** The group's stream is another tab's by now. */
  readonly superseded: () => void;
}

/** Milliseconds for tabs to say where they are, before a stream begins for all of them. */
const GATHER_MS = 100;

/** Has the group's stream: for all that its tabs want, from the lowest place that any of them is at. */
export class Leader {
  readonly #hooks: LeaderHooks;
  readonly #members = new Map<string, readonly string[]>();
  /** Tabs that the stream doesn't have yet. */
  readonly #arrivals = new Map<string, Want>();
  #connection: Connection | null = null;
  #nudge = () => {};
  #ended = false;
  #silent = false;
  #gapAt: string | null = null;
  #told = '';
  #cancelGather: (() => void) | null = null;

  constructor(hooks: LeaderHooks) {
    this.#hooks = hooks;
  }

  get term(): number {
    return this.#hooks.term;
  }

  start(): void {
    this.#tell();
    if (this.#hooks.expected?.length === 0) this.#admit();
    else this.#gather();
  }

  wanted(want: Want): void {
    const { id, channels } = want;
    if (this.#members.has(id)) {
      this.#members.set(id, channels);
      this.apply();
    } else {
      if (!this.#arrivals.has(id)) this.#hooks.gone(id, () => this.#gone(id));
      this.#arrivals.set(id, want);
      const waiting = this.#hooks.expected?.some((one) => !this.#arrivals.has(one)) ?? true;
      if (this.#connection ? this.#has(want) : !waiting) this.#admit();
      else this.#gather();
    }
    this.#tell(true);
  }

  apply(): void {
    this.#connection?.apply();
  }

  reconnect(): void {
    this.#connection?.reconnect();
  }

  nudge(): void {
    this.#nudge();
  }

  /** `silently`: without a word to the hub, to which another tab speaks by now. */
  end(silently: boolean): void {
    this.#silent = silently;
    this.#ended = true;
    this.#cancelGather?.();
    this.#connection?.close();
  }

  #gather(): void {
    this.#cancelGather ??= this.#hooks.settings.platform.timer(() => this.#admit(), GATHER_MS);
  }

  /** Takes in those who arrived; where the stream has not all of theirs, it begins anew. */
  #admit(): void {
    this.#cancelGather?.();
    this.#cancelGather = null;
    const connection = this.#connection;
    const behind = [...this.#arrivals.values()].filter((want) => !this.#has(want)).map(({ cursor }) => cursor);
    for (const [id, { channels }] of this.#arrivals) this.#members.set(id, channels);
    this.#arrivals.clear();
    const from = lowest([connection ? connection.cursor : this.#hooks.cursor(), ...behind]);
    if (!connection) this.#connection = this.#open(from);
    else if (behind.length > 0 && from !== null) connection.rewind(from);
    this.apply();
    this.#tell();
  }

  /** Nothing that this tab missed is missing from the stream. */
  #has({ cursor, channels }: Want): boolean {
    const connection = this.#connection;
    if (cursor === null) return true;
    if (!connection) return false;
    const { channels: states } = connection.snapshot();
    // Right behind a gap the cursor may be the one before it.
    const same =
      cursor === connection.cursor &&
      cursor !== this.#gapAt &&
      channels.every((name) => (states[name] ?? 'pending') !== 'pending');
    // Of another log nothing can be had; the tab sees that by itself.
    return same || (connection.cursor !== null && order(cursor, connection.cursor) === undefined);
  }

  #open(since: string | null): Connection {
    const { settings, clientId, open, desired, say, term } = this.#hooks;
    const { platform } = settings;
    const own = {
      ...platform,
      // The tab looks after the page's life: a stream that others share does not end with this page.
      lifecycle: ({ nudge }: { nudge: () => void }) => {
        this.#nudge = nudge;
        return () => {};
      },
      // Also where others are there to take over: they may be leaving, too. It ends this connection, not theirs.
      beacon: (url: string, body: string) => this.#silent || platform.beacon(url, body),
    };
    return open(
      { ...settings, clientId, since: since ?? settings.since, platform: own },
      {
        desired: () => new Set([...desired(), ...[...this.#members.values()].flat()]),
        event: (event, cursor) => say({ kind: 'event', term, cursor: cursor ?? null, event }),
        gap: (gap) => {
          this.#gapAt = this.#connection?.cursor ?? null;
          say({ kind: 'gap', term, cursor: this.#gapAt, gap });
        },
        changed: () => this.#changed(),
      },
    );
  }

  #changed(): void {
    if (this.#ended) return;
    if (this.#connection?.snapshot().error?.reason === 'superseded') this.#hooks.superseded();
    else this.#tell();
  }

  #gone(id: string): void {
    this.#arrivals.delete(id);
    if (!this.#members.delete(id)) return;
    this.apply();
    this.#tell();
  }

  /** Says what changed; `again`: or what is, to who asks. */
  #tell(again = false): void {
    const { id, term, clientId, say } = this.#hooks;
    const connection = this.#connection;
    const state: State = {
      kind: 'state',
      term,
      clientId,
      tabs: [id, ...this.#members.keys()],
      cursor: connection ? connection.cursor : this.#hooks.cursor(),
      snapshot: connection?.snapshot() ?? null,
    };
    const text = JSON.stringify(state);
    if (!again && text === this.#told) return;
    this.#told = text;
    say(state);
  }
}
