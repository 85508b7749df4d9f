import { PASSING } from './failure.js';
import type { Platform } from './platform.js';
import { type Snapshot, statuses } from './status.js';

export interface Change {
  readonly connection_id: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** The hub's answer to a change. Its members are there as they apply. */
export interface Changed {
  readonly status: number;
  /** Those of the stream, now. */
  readonly channels?: readonly string[];
  /** Of a refusal: what the limit is. */
  readonly limit?: number;
}

export interface ChannelHooks {
  /** What the subscribers want now. */
  readonly desired: () => Set<string>;
  /** Asks the hub. Rejects when it wasn't reached. */
  readonly ask: (change: Change) => Promise<Changed>;
  /** The hub doesn't know the connection. */
  readonly gone: () => void;
  readonly changed: () => void;
}

const ASK_AGAIN_MS = 1_000;
const ASK_AGAIN_MS_MAX = 16_000;

/** Brings the channels of the live stream to what is wanted, one request at a time. */
export interface LiveChannels {
  /** An attempt with `requested` begins; those that can't be had are taken out. */
  dialled(requested: Set<string>): void;
  /** `connected` came, with these channels. */
  began(connectionId: string, channels: readonly string[]): void;
  ended(): void;
  /** The hub refused a whole stream, for some of its channels. True: the next attempt goes without them, with others. */
  refused(message: string, limit: number | undefined): boolean;
  /** Whatever was denied may be asked for anew, for instance with another token. */
  forgive(): void;
  /** The stream says that its channels changed: by this client or by an operator. */
  told(type: 'subscribed' | 'unsubscribed', channels: readonly string[]): void;
  /** What the stream has. */
  active(): ReadonlySet<string>;
  status(): Snapshot['channels'];
  sync(): void;
}

export function liveChannels(
  { timer }: Pick<Platform, 'timer'>,
  { desired, ask, gone, changed }: ChannelHooks,
): LiveChannels {
  /** Of the stream; null while none is open. */
  let id: string | null = null;
  let active = new Set<string>();
  /** `refused` by the grant; `taken` off this stream by an operator, and asked for again on the next. */
  const denied = new Map<string, 'refused' | 'taken'>();
  /** Those that this client asked for: what an operator added is not its own to remove. */
  let asked = new Set<string>();
  /** Those that it removed, and of which the stream has not said so yet. */
  const leaving = new Set<string>();
  /** As many as one stream may have, once the hub has said so. */
  let most = Infinity;
  let busy = false;
  /** One channel a request, to learn which of them is refused. */
  let singly = false;
  let againMs = ASK_AGAIN_MS;
  let cancel = () => {};

  const sync = () => {
    if (id === null || busy) return;
    const wanted = desired();
    for (const channel of denied.keys()) if (!wanted.has(channel)) denied.delete(channel);
    const remove = [...asked].filter((channel) => active.has(channel) && !wanted.has(channel));
    // What goes makes room for what comes.
    const room = remove.length > 0 ? 0 : Math.max(most - active.size, 0);
    const add = [...wanted].filter((channel) => !active.has(channel) && !denied.has(channel)).slice(0, room);
    busy = add.length + remove.length > 0;
    if (busy) void change({ connection_id: id, add: singly ? add.slice(0, 1) : add, remove });
    else singly = false;
    changed();
  };

  const next = () => {
    busy = false;
    sync();
  };

  const change = async (what: Change) => {
    const { add, remove } = what;
    for (const channel of add) asked.add(channel);
    for (const channel of remove) leaving.add(channel);
    const { status, channels, limit } = await ask(what).catch((): Changed => ({ status: 0 }));
    // Another stream by now: it began with all that was wanted.
    if (id !== what.connection_id) return;
    if (status === 200 && channels) {
      againMs = ASK_AGAIN_MS;
      active = new Set(channels);
      for (const channel of remove) asked.delete(channel);
      return next();
    }
    if (status === 404) return gone();
    if (status >= 400 && status < 500 && ![401, ...PASSING].includes(status)) return no(add, remove, limit);
    cancel = timer(next, againMs);
    againMs = Math.min(againMs * 2, ASK_AGAIN_MS_MAX);
  };

  /** Nothing was changed: one of them is refused (403), or one too many (400). */
  const no = (add: readonly string[], remove: readonly string[], limit: number | undefined) => {
    if (add.length > 1) singly = !tooMany(limit);
    else if (!tooMany(limit)) for (const channel of add) denied.set(channel, 'refused');
    for (const channel of remove) {
      asked.delete(channel);
      leaving.delete(channel);
    }
    next();
  };

  const tooMany = (limit = Infinity) => {
    // A hub has no limit of 0.
    const news = limit > 0 && limit < most;
    if (news) most = limit;
    return news;
  };

  return {
    dialled: (requested) => {
      asked = requested;
      for (const [channel, why] of denied) {
        if (why === 'refused') asked.delete(channel);
        else denied.delete(channel);
      }
      for (const channel of [...asked].slice(most)) asked.delete(channel);
    },
    began: (connectionId, channels) => {
      id = connectionId;
      active = new Set(channels);
      for (const channel of asked) if (!active.has(channel)) denied.set(channel, 'taken');
      for (const channel of active) denied.delete(channel);
      sync();
    },
    ended: () => {
      id = null;
      active.clear();
      leaving.clear();
      busy = singly = false;
      againMs = ASK_AGAIN_MS;
      cancel();
    },
    refused: (message, limit) => {
      if (tooMany(limit)) return true;
      const named = [...asked].filter((channel) => message.includes(`\`${channel}\``));
      for (const channel of named) denied.set(channel, 'refused');
      return named.length > 0 && named.length < asked.size;
    },
    forgive: () => {
      denied.clear();
      most = Infinity;
    },
    told: (type, channels) => {
      for (const channel of channels) {
        if (type === 'subscribed') {
          active.add(channel);
          denied.delete(channel);
        } else {
          active.delete(channel);
          if (!leaving.delete(channel)) denied.set(channel, 'taken');
        }
      }
      sync();
      changed();
    },
    active: () => active,
    status: () =>
      statuses(desired(), (channel) =>
        denied.has(channel) ? 'denied' : active.has(channel) ? 'active' : active.size >= most ? 'denied' : 'pending',
      ),
    sync,
  };
}
