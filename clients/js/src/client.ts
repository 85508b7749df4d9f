import { Connection, type Link, type LinkHooks } from './connection.js';
import type { AnyEvents, ChannelOf, EventOf, Gap, TidingsEvent } from './event.js';
import { looped } from './iterator.js';
import { type ClientOptions, type Settings, settle } from './options.js';
import { canonical } from './pattern.js';
import { Requests } from './requests.js';
import { type StatusStore, Store } from './status.js';
import { type Subscriber, Subscriptions } from './subscriptions.js';

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
  return new SharedClient(options) as unknown as Client<E>;
}

class SharedClient {
  readonly status: Store;
  readonly #link: Link;
  readonly #requests: Requests;
  readonly #subscriptions: Subscriptions;
  readonly #always: readonly string[];
  readonly #settings;
  /** What the stream shall have, and until when: those subscribed to, and those that linger. */
  #desired = new Map<string, number>();
  #flushing = false;
  #cancelLinger: (() => void) | null = null;
  #closed = false;

  constructor(options: ClientOptions<never>) {
    const settings = settle(options);
    const { report } = settings.platform;
    this.#settings = settings;
    const granted = settings.channels === 'granted';
    this.#always = granted ? [] : ((options.channels ?? []) as string[]).map(canonical);
    this.status = new Store(report);
    this.#subscriptions = new Subscriptions(() => this.#changed(), report);
    this.#requests = new Requests(settings);
    const hooks: LinkHooks = {
      desired: () => new Set(granted ? [] : this.#desired.keys()),
      event: (event) => this.#subscriptions.event(event),
      gap: (gap) => this.#subscriptions.gap(gap),
      changed: () => this.#publish(),
    };
    const solo = (its: Settings, own: LinkHooks) => new Connection(its, own);
    this.#link = settings.share ? settings.share(settings, hooks, solo) : solo(settings, hooks);
    if (settings.channels) this.#changed();
  }

  subscribe(channel: string, event: (event: TidingsEvent) => void, options: SubscribeOptions = {}): () => void {
    return this.#listen({ channel, event, gap: options.onGap }, options.signal);
  }

  on(channel: string, type: string, listener: (event: TidingsEvent) => void, options?: SubscribeOptions): () => void {
    return this.subscribe(channel, (event) => event.type === type && listener(event), options);
  }

  events(channel: string, { bufferMax = 1_000, onGap, signal }: EventsOptions = {}) {
    return looped<TidingsEvent>(
      bufferMax,
      () => onGap?.({ channel, reason: 'overflow' }),
      (event, end) => this.#listen({ channel, event, gap: onGap, end }, signal),
    );
  }

  request(path: string, init: RequestInit = {}): Promise<Response> {
    return this.#requests.send(path, init);
  }

  reconnect(): void {
    this.#link.reconnect();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelLinger?.();
    this.#subscriptions.clear();
    this.#desired.clear();
    this.#link.close();
  }

  #listen(subscriber: Subscriber, signal?: AbortSignal): () => void {
    if (this.#closed) throw new Error('this client is closed: make another');
    if (signal?.aborted) {
      subscriber.end?.();
      return () => {};
    }
    const end = this.#subscriptions.add(subscriber);
    const off = () => {
      signal?.removeEventListener('abort', off);
      end();
    };
    signal?.addEventListener('abort', off);
    return off;
  }

  /** Who listens has changed, or has lingered long enough: each channel has its own time, however others come and go. */
  #changed(): void {
    const { platform, lingerMs } = this.#settings;
    const now = platform.now();
    for (const [channel, until] of this.#desired) {
      if (until > now) this.#desired.set(channel, Math.min(until, now + lingerMs));
      else this.#desired.delete(channel);
    }
    for (const channel of [...this.#always, ...this.#subscriptions.wanted()]) this.#desired.set(channel, Infinity);
    this.#cancelLinger?.();
    const first = Math.min(...this.#desired.values());
    if (first < Infinity) this.#cancelLinger = platform.timer(() => this.#changed(), first - now);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  /** In one request what is subscribed to in one turn. */
  #flush(): void {
    this.#flushing = false;
    if (this.#closed) return;
    this.#link.apply();
    this.#publish();
  }

  #publish(): void {
    this.status.set(this.#link.snapshot());
  }
}
