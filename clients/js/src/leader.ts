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
export interface Leader {
  readonly term: number;
  start(): void;
  wanted(want: Want): void;
  apply(): void;
  reconnect(): void;
  nudge(): void;
  /** `silently`: without a word to the hub, to which another tab speaks by now. */
  end(silently: boolean): void;
}

export function lead(hooks: LeaderHooks): Leader {
  const { id, term, clientId, expected, settings, say } = hooks;
  const { platform } = settings;
  const members = new Map<string, readonly string[]>();
  /** Tabs that the stream doesn't have yet. */
  const arrivals = new Map<string, Want>();
  let connection: Connection | null = null;
  let nudge = () => {};
  let ended = false;
  let silent = false;
  let gapAt: string | null = null;
  let told = '';
  let cancelGather: (() => void) | null = null;

  const place = () => (connection ? connection.cursor : hooks.cursor());
  const apply = () => connection?.apply();

  const gather = () => {
    cancelGather ??= platform.timer(admit, GATHER_MS);
  };

  /** Takes in those who arrived; where the stream has not all of theirs, it begins anew. */
  const admit = () => {
    cancelGather?.();
    cancelGather = null;
    const behind = [...arrivals.values()].filter((want) => !has(want)).map(({ cursor }) => cursor);
    for (const [tab, { channels }] of arrivals) members.set(tab, channels);
    arrivals.clear();
    const from = lowest([place(), ...behind]);
    if (!connection) connection = opened(from);
    else if (behind.length > 0 && from !== null) connection.rewind(from);
    apply();
    tell();
  };

  /** Nothing that this tab missed is missing from the stream. */
  const has = ({ cursor, channels }: Want) => {
    if (cursor === null) return true;
    if (!connection) return false;
    const { channels: states } = connection.snapshot();
    // Right behind a gap the cursor may be the one before it.
    const same =
      cursor === connection.cursor &&
      cursor !== gapAt &&
      channels.every((name) => (states[name] ?? 'pending') !== 'pending');
    // Of another log nothing can be had; the tab sees that by itself.
    return same || (connection.cursor !== null && order(cursor, connection.cursor) === undefined);
  };

  const opened = (since: string | null) => {
    const own = {
      ...platform,
      // The tab looks after the page's life: a stream that others share does not end with this page.
      lifecycle: (page: { nudge: () => void }) => {
        nudge = page.nudge;
        return () => {};
      },
      // Also where others are there to take over: they may be leaving, too. It ends this connection, not theirs.
      beacon: (url: string, body: string) => silent || platform.beacon(url, body),
    };
    return hooks.open(
      { ...settings, clientId, since: since ?? settings.since, platform: own },
      {
        desired: () => new Set([...hooks.desired(), ...[...members.values()].flat()]),
        event: (event, cursor) => say({ kind: 'event', term, cursor: cursor ?? null, event }),
        gap: (gap) => {
          gapAt = connection?.cursor ?? null;
          say({ kind: 'gap', term, cursor: gapAt, gap });
        },
        changed: () => {
          if (ended) return;
          if (connection?.snapshot().error?.reason === 'superseded') hooks.superseded();
          else tell();
        },
      },
    );
  };

  const gone = (tab: string) => {
    arrivals.delete(tab);
    if (!members.delete(tab)) return;
    apply();
    tell();
  };

  /** Says what changed; `again`: or what is, to who asks. */
  const tell = (again = false) => {
    const tabs = [id, ...members.keys()];
    const snapshot = connection?.snapshot() ?? null;
    const state: State = { kind: 'state', term, clientId, tabs, cursor: place(), snapshot };
    const text = JSON.stringify(state);
    if (!again && text === told) return;
    told = text;
    say(state);
  };

  return {
    term,
    start: () => {
      tell();
      if (expected?.length === 0) admit();
      else gather();
    },
    wanted: (want) => {
      if (members.has(want.id)) {
        members.set(want.id, want.channels);
        apply();
      } else {
        if (!arrivals.has(want.id)) hooks.gone(want.id, () => gone(want.id));
        arrivals.set(want.id, want);
        const waiting = expected?.some((one) => !arrivals.has(one)) ?? true;
        if (connection ? has(want) : !waiting) admit();
        else gather();
      }
      tell(true);
    },
    apply,
    reconnect: () => connection?.reconnect(),
    nudge: () => nudge(),
    end: (silently) => {
      silent = silently;
      ended = true;
      cancelGather?.();
      connection?.close();
    },
  };
}
