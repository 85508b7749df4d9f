import { Connection, type LinkHooks } from './connection.js';
import type { AnyEvents, ChannelOf, EventOf, Gap, TidingsEvent } from './event.js';
import { looped } from './iterator.js';
import { type ClientOptions, settle } from './options.js';
import { canonical } from './pattern.js';
import { Requests } from './requests.js';
import { type StatusStore, store } from './status.js';
import { type Subscriber, subscriptions } from './subscriptions.js';

export interface SubscribeOptions {
  /** Events were lost: fetch the channel's state anew. Without it a gap passes unnoticed. */
  readonly onGap?: (gap: Gap) => void;
  /** Ends the subscription. */
  readonly signal?: AbortSignal;
}

export interface EventsOptions extends SubscribeOptions {
  /** Events that may wait for the loop. One more, and the oldest is dropped and `onGap` told (`overflow`). Default: 1 000. */
  readonly bufferMax?: number;
}

/**
 * One stream for all who listen. The first subscriber opens it, each channel is on it as long as somebody listens to it,
 * and the last one closes it.
 */
export interface Client<E = AnyEvents> {
  /**
   * Calls `listener` with each event of the channel, or of all that match the pattern, from now on. While the stream is
   * lost, nothing is missed: it goes on where it stopped, or `onGap` is told. A listener that throws harms nobody else.
   *
   * The answer ends it. Throws after `close()`.
   */
  subscribe<C extends ChannelOf<E>>(
    channel: C,
    listener: (event: EventOf<E, C>) => void,
    options?: SubscribeOptions,
  ): () => void;
  /** The same for events of one type. */
  on<C extends ChannelOf<E>, T extends keyof E[C] & string>(
    channel: C,
    type: T,
    listener: (event: TidingsEvent<T, E[C][T]>) => void,
    options?: SubscribeOptions,
  ): () => void;
  /** The same for a loop: `for await (const event of client.events('jobs'))`. Leaving the loop ends it. */
  events<C extends ChannelOf<E>>(channel: C, options?: EventsOptions): AsyncIterableIterator<EventOf<E, C>>;
  /** What a status light shows, in the shape of React's `useSyncExternalStore`. */
  readonly status: StatusStore;
  /**
   * Asks the hub beside the stream: `/api/sse/` and `path`, as `fetch` does, with this client's token and credentials.
   * A 401 is asked once more with a fresh token. Rejects where the hub isn't reached, and where no token is to be had.
   *
   * `client.request('presence?channel=room:1').then((answer) => answer.json())`
   */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** Tries at once instead of waiting; and after `failed` again. */
  reconnect(): void;
  /** Ends the stream and all subscriptions, for good; loops end. A second call does nothing. */
  close(): void;
}

/**
 * Makes a client, and opens nothing until somebody subscribes (or `channels` names some). May be called where pages are
 * rendered on a server.
 *
 * Throws a `RangeError` for an option that can't be.
 */
export function createClient<E = AnyEvents>(options: ClientOptions<E>): Client<E> {
  const settings = settle(options);
  const { platform, lingerMs } = settings;
  const granted = settings.channels === 'granted';
  const always = granted ? [] : ((options.channels ?? []) as readonly string[]).map(canonical);
  /** What the stream shall have, and until when: those subscribed to, and those that linger. */
  const desired = new Map<string, number>();
  let flushing = false;
  let cancelLinger = () => {};
  let closed = false;

  /** Who listens has changed, or has lingered long enough: each channel has its own time, however others come and go. */
  const changed = () => {
    if (closed) return;
    const now = platform.now();
    for (const [channel, until] of desired) {
      if (until > now) desired.set(channel, Math.min(until, now + lingerMs));
      else desired.delete(channel);
    }
    for (const channel of [...always, ...subscribers.wanted()]) desired.set(channel, Infinity);
    cancelLinger();
    const first = Math.min(...desired.values());
    if (first < Infinity) cancelLinger = platform.timer(changed, first - now);
    if (flushing) return;
    flushing = true;
    queueMicrotask(flush);
  };

  /** In one request what is subscribed to in one turn. */
  const flush = () => {
    flushing = false;
    if (closed) return;
    link.apply();
    publish();
  };

  const publish = () => status.set(link.snapshot());

  const listen = (subscriber: Subscriber, signal?: AbortSignal) => {
    if (closed) throw new Error('this client is closed: make another');
    if (!signal?.aborted) return subscribers.add(subscriber, signal);
    subscriber.end?.();
    return () => {};
  };

  const status = store(platform.report);
  const subscribers = subscriptions(changed, platform.report);
  const requests = new Requests(settings);
  const hooks: LinkHooks = {
    ...subscribers,
    desired: () => new Set(granted ? [] : desired.keys()),
    changed: publish,
  };
  const link = settings.share(settings, hooks, (its, own) => new Connection(its, own));
  if (settings.channels) changed();

  const client: Client = {
    status,
    subscribe: (channel, event, { onGap: gap, signal } = {}) => listen({ channel, event, gap }, signal),
    on: (channel, type, listener, more) =>
      client.subscribe(channel, (event) => event.type === type && listener(event as never), more),
    events: (channel, { bufferMax = 1_000, onGap: gap, signal } = {}) =>
      looped<TidingsEvent>(
        bufferMax,
        () => gap?.({ channel, reason: 'overflow' }),
        (event, end) => listen({ channel, event, gap, end }, signal),
      ),
    request: (path, init) => requests.send(path, init),
    reconnect: () => link.reconnect(),
    close: () => {
      closed = true;
      subscribers.clear();
      cancelLinger();
      desired.clear();
      link.close();
    },
  };
  return client as unknown as Client<E>;
}
