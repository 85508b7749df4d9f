import { type Change, type Changed, type LiveChannels, liveChannels } from './channels.js';
import type { Gap, TidingsEvent } from './event.js';
import { Failure, fromProblem } from './failure.js';
import { Identity } from './identity.js';
import { type Input, next, START, type State } from './machine.js';
import type { Settings } from './options.js';
import { Requests, STREAM_HEADERS } from './requests.js';
import { type ConnectionInfo, each, type Snapshot } from './status.js';
import type { Message } from './transport.js';
import { type Watch, watch } from './watch.js';

export interface LinkHooks {
  readonly desired: () => Set<string>;
  /** With the cursor after it; what the hub tells of itself has none. */
  readonly event: (event: TidingsEvent, cursor?: string) => void;
  readonly gap: (gap: Gap) => void;
  readonly changed: () => void;
}

/** What a client has its events from: a stream of its own, or its part of one that several tabs share. */
export interface Link {
  /** The desired channels may have changed. */
  apply(): void;
  reconnect(): void;
  close(): void;
  snapshot(): Snapshot;
}

/** Somebody listens, or whatever is granted is to be had. */
export const wants = ({ channels }: Settings, { desired }: LinkHooks): boolean =>
  channels === 'granted' || desired().size > 0;

/** A stream that misses two heartbeats, and half of one for the way, is dead. */
const SILENT_HEARTBEATS = 2.5;

/** Drives the machine: one attempt at a time, timers, the page's life, and the requests beside the stream. */
export class Connection implements Link {
  readonly #settings: Settings;
  readonly #hooks: LinkHooks;
  readonly #identity: Identity;
  readonly #channels: LiveChannels;
  readonly #watch: Watch;
  readonly #requests: Requests;
  #state = START;
  #abort = new AbortController();
  #cancelRetry: (() => void) | null = null;
  #retryAt: number | null = null;
  #cursor: string | null;
  /** The secret one; empty while no stream is open. */
  #connectionId = '';
  #info: ConnectionInfo | null = null;
  #leave?: () => void;

  constructor(settings: Settings, hooks: LinkHooks) {
    const { platform } = settings;
    this.#settings = settings;
    this.#hooks = hooks;
    this.#cursor = settings.since;
    this.#requests = new Requests(settings);
    this.#identity = new Identity(platform, settings.clientId);
    const silent = () => this.#over(new Failure('timeout', 'silent for too long'));
    this.#watch = watch(platform, silent, () => void this.#checkIn());
    this.#channels = liveChannels(platform, {
      ...hooks,
      ...(settings.channels === 'granted' && { desired: () => new Set(this.#channels.active()) }),
      ask: (change) => this.#change(change),
      gone: () => this.#gone(),
    });
  }

  /** Where the next stream goes on from. */
  get cursor(): string | null {
    return this.#cursor;
  }

  apply(): void {
    this.#input(wants(this.#settings, this.#hooks) ? 'want' : 'unwant');
    this.#channels.sync();
  }

  reconnect(): void {
    this.#input('reconnect');
  }

  close(): void {
    this.#input('close');
  }

  /** Goes on from another place; a stream that is open, or under way, begins anew. */
  rewind(cursor: string): void {
    this.#cursor = cursor;
    this.#input('again');
  }

  snapshot(): Snapshot {
    const { status, attempt, error } = this.#state;
    const channels = this.#channels.status();
    return { status, role: 'solo', attempt, retryAt: this.#retryAt, error, connection: this.#info, channels };
  }

  #input(input: Input): void {
    const before = this.#state;
    const { platform, backoff } = this.#settings;
    this.#state = next(before, input, { now: platform.now(), random: platform.random(), backoff });
    if (this.#state === before) return;
    if (input === 'reconnect') this.#channels.forgive();
    this.#follow(before);
    this.#hooks.changed();
  }

  /** Does what the machine's new state asks for. */
  #follow(before: State): void {
    const { drive, dial, retryAt, status } = this.#state;
    const dials = drive === 'dial' && dial !== before.dial;
    if (before.drive === 'dial' && (drive !== 'dial' || dials)) this.#hangUp();
    if (retryAt !== before.retryAt) this.#wait(retryAt);
    // Whoever opens nothing needs no name; and a page that is left must hold no lock.
    if (drive === 'rest') this.#identity.release();
    // A client that nobody needs, and nobody closed, as after a hot reload, leaves nothing in its page.
    if (before.status === 'idle') {
      this.#leave = this.#settings.platform.lifecycle({
        suspend: () => this.#input('suspend'),
        resume: () => this.#input('resume'),
        nudge: () => {
          this.#watch.look();
          this.#input('nudge');
        },
      });
    }
    if (status === 'idle' || status === 'closed') {
      this.#cursor = this.#settings.since;
      this.#leave?.();
    }
    if (dials) void this.#dial();
  }

  #wait(until: number | null): void {
    const { platform } = this.#settings;
    this.#cancelRetry?.();
    this.#retryAt = null;
    if (until === null) return;
    const inMs = until - platform.now();
    this.#retryAt = Math.round(Date.now() + inMs);
    this.#cancelRetry = platform.timer(() => this.#input('due'), inMs);
  }

  #hangUp(): void {
    const { drive, status } = this.#state;
    this.#watch.stop();
    this.#channels.ended();
    // A proxy may swallow the end of the socket; the hub hears it from us. After a loss the next connection takes this
    // one's place by its name.
    if (drive === 'rest' && status !== 'failed' && this.#connectionId) {
      this.#settings.platform.beacon(this.#requests.at('disconnect'), this.#connectionId);
    }
    this.#connectionId = '';
    this.#info = null;
    this.#abort.abort();
  }

  async #dial(): Promise<void> {
    const { transport, credentials, connectTimeoutMs } = this.#settings;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.#watch.start(connectTimeoutMs);
    try {
      const headers = { ...STREAM_HEADERS, ...(await this.#requests.headers(signal)) };
      if (signal.aborted) return;
      const clientId = await this.#identity.get();
      // The lock on the id came too late.
      if (signal.aborted) return void (this.#state.drive === 'rest' && this.#identity.release());
      const requested = this.#hooks.desired();
      this.#channels.dialled(requested);
      await transport({
        url: this.#requests.streamUrl(clientId, requested, this.#cursor),
        headers,
        credentials,
        signal,
        fetch: (url, init) => this.#requests.fetch(url, init),
        heard: () => this.#info && this.#watch.heard(),
        message: (message) => !signal.aborted && this.#message(message),
      });
      throw new Failure('network', 'the stream ended');
    } catch (error) {
      if (signal.aborted) return;
      this.#over(error instanceof Failure ? error : new Failure('network', `no stream: ${error}`));
    }
  }

  #over({ error, hintMs }: Failure): void {
    const { status, message, limit } = error;
    const curable = status === 401 && !!this.#settings.token;
    if (curable) this.#requests.reason = 'unauthorized';
    // A channel that is denied, or one too many, must not cost the others their stream. The hub names it, or its limit.
    if ((status === 403 || status === 400) && this.#channels.refused(message, limit)) return this.#input('again');
    this.#input({ error, hintMs, curable });
  }

  #gone(): void {
    this.#over(new Failure('lease', 'no such stream'));
  }

  #message({ type, data, id }: Message): void {
    if (id !== undefined) this.#cursor = id || null;
    try {
      this.#take(type, JSON.parse(data), id);
    } catch {
      const { onMalformed, platform } = this.#settings;
      each(new Set([onMalformed]), platform.report, (told) => told(data));
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: what the hub says, as docs/protocol.md has it
  #take(type: string, data: any, id?: string): void {
    switch (type) {
      case 'connected':
        return this.#connected(data);
      case 'gap':
        return this.#hooks.gap({ channel: String(data.channel), reason: data.reason });
      case 'subscribed':
      case 'unsubscribed':
        return this.#channels.told(type, data.channels);
      case 'closing': {
        const message = `the hub ended the stream: ${data.reason}${data.detail ? ` (${data.detail})` : ''}`;
        const more = { reason: data.reason, fatal: data.reconnect === false, hintMs: Number(data.retry_ms) };
        if (data.reason === 'expired') this.#requests.reason = 'expiring';
        return this.#over(new Failure('closing', message, more));
      }
      case 'refused':
        return this.#over(fromProblem(data, Number(data.status)));
      case 'expiring':
        // A fresh grant for the open stream. Without it that ends in `closing`, and the next attempt asks again.
        this.#requests.reason = 'expiring';
        return void this.#post('refresh', this.#connectionId).catch(() => {});
      default:
        if (typeof data.channel !== 'string') throw new TypeError();
        this.#hooks.event({ ...data, type: data.type ?? type }, id);
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: what the hub says, as docs/protocol.md has it
  #connected(data: any): void {
    if (!(data.heartbeat_ms > 0) || !Array.isArray(data.channels)) throw new TypeError();
    this.#connectionId = data.connection_id;
    this.#info = { id: data.id, user: data.user, node: data.node };
    // Without heartbeats to hear, silence says nothing.
    const silentMs = this.#settings.transport.deaf ? Infinity : data.heartbeat_ms * SILENT_HEARTBEATS;
    this.#watch.start(silentMs, (data.lease * 1000) / 3 || Infinity);
    // Its channels first: whoever hears that the stream is open, also in another tab, must not find it without them.
    this.#channels.began(data.connection_id, data.channels);
    this.#input('opened');
  }

  async #checkIn(): Promise<void> {
    const { signal } = this.#abort;
    const answer = await this.#requests
      .fetch(this.#requests.at('alive'), { method: 'POST', body: this.#connectionId, signal })
      .catch(() => null);
    if (answer?.status === 404 && !signal.aborted) this.#gone();
  }

  async #change(change: Change): Promise<Changed> {
    // As plain text, which asks another origin for no leave first; the hub reads JSON whatever it is called.
    const answer = await this.#post('subscriptions', JSON.stringify(change));
    return { ...(await answer.json().catch(() => null)), status: answer.status };
  }

  #post(what: string, body: string): Promise<Response> {
    return this.#requests.send(what, { method: 'POST', body, signal: this.#abort.signal });
  }
}
