import { type Change, LiveChannels } from './channels.js';
import type { Gap, TidingsEvent } from './event.js';
import { Failure, fromProblem } from './failure.js';
import { Identity } from './identity.js';
import { type Input, next, START, type State } from './machine.js';
import type { Settings } from './options.js';
import { Requests, STREAM_HEADERS } from './requests.js';
import type { ConnectionInfo, Snapshot } from './status.js';
import type { Message } from './transport.js';
import { Watch } from './watch.js';

export interface LinkHooks {
  readonly desired: () => Set<string>;
  readonly event: (event: TidingsEvent) => void;
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
  readonly #leave: () => void;
  #state = START;
  #abort = new AbortController();
  #cancelRetry: (() => void) | null = null;
  #retryAt: number | null = null;
  #cursor: string | null;
  #connectionId: string | null = null;
  #info: ConnectionInfo | null = null;

  constructor(settings: Settings, hooks: LinkHooks) {
    const { platform } = settings;
    this.#settings = settings;
    this.#hooks = hooks;
    this.#cursor = settings.since;
    this.#requests = new Requests(settings);
    this.#identity = new Identity(platform, settings.clientId);
    this.#watch = new Watch(platform, {
      silent: () => this.#over(new Failure('timeout', 'nothing was heard for too long')),
      checkIn: () => void this.#checkIn(),
    });
    this.#channels = new LiveChannels(platform, {
      desired: hooks.desired,
      changed: hooks.changed,
      ask: (change) => this.#change(change),
      gone: () => this.#over(new Failure('lease', 'the hub no longer knows this stream')),
    });
    this.#leave = platform.lifecycle({
      suspend: () => this.#input({ kind: 'suspend' }),
      resume: () => this.#input({ kind: 'resume' }),
      nudge: () => {
        this.#watch.look();
        this.#input({ kind: 'nudge' });
      },
    });
  }

  /** Where the next stream goes on from. */
  get cursor(): string | null {
    return this.#cursor;
  }

  apply(): void {
    this.#input({ kind: this.#hooks.desired().size > 0 ? 'want' : 'unwant' });
    this.#channels.sync();
  }

  reconnect(): void {
    this.#input({ kind: 'reconnect' });
  }

  close(): void {
    this.#input({ kind: 'close' });
  }

  /** Goes on from another place; a stream that is open, or under way, begins anew. */
  rewind(cursor: string): void {
    this.#cursor = cursor;
    this.#input({ kind: 'again' });
  }

  snapshot(): Snapshot {
    const { status, failures, error } = this.#state;
    const channels = this.#channels.status();
    return { status, role: 'solo', attempt: failures, retryAt: this.#retryAt, error, connection: this.#info, channels };
  }

  #input(input: Input): void {
    const before = this.#state;
    const { platform, backoff } = this.#settings;
    // A timer may come a moment early.
    const now = input.kind === 'due' ? Math.max(platform.now(), before.retryAt ?? 0) : platform.now();
    this.#state = next(before, input, { now, random: platform.random(), backoff });
    if (this.#state === before) return;
    if (input.kind === 'reconnect') this.#channels.forgive();
    this.#follow(before);
    this.#hooks.changed();
  }

  /** Does what the machine's new state asks for. */
  #follow(before: State): void {
    const { drive, dial, retryAt, status } = this.#state;
    const { platform } = this.#settings;
    if (before.drive === 'dial' && (drive !== 'dial' || dial !== before.dial)) this.#hangUp(status);
    if (retryAt !== before.retryAt) {
      this.#cancelRetry?.();
      this.#cancelRetry = null;
      const inMs = retryAt === null ? 0 : Math.max(retryAt - platform.now(), 0);
      this.#retryAt = retryAt === null ? null : Math.round(Date.now() + inMs);
      if (retryAt !== null) this.#cancelRetry = platform.timer(() => this.#input({ kind: 'due' }), inMs);
    }
    if (status === 'suspended') this.#identity.release();
    if (status === 'idle') this.#cursor = this.#settings.since;
    if (status === 'closed') {
      this.#leave();
      this.#identity.end();
    }
    if (drive === 'dial' && dial !== before.dial) void this.#dial(dial);
  }

  #hangUp(status: Snapshot['status']): void {
    this.#watch.stop();
    this.#channels.ended();
    // A proxy may swallow the end of the socket; the hub hears it from us. After a loss the next connection takes this
    // one's place by its name.
    const leaves = status === 'idle' || status === 'suspended' || status === 'closed';
    if (leaves && this.#connectionId)
      this.#settings.platform.beacon(this.#requests.at('disconnect'), this.#connectionId);
    this.#connectionId = null;
    this.#info = null;
    this.#abort.abort();
  }

  async #dial(dial: number): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const current = () => this.#state.dial === dial && this.#state.drive === 'dial';
    this.#watch.start(this.#settings.connectTimeoutMs);
    try {
      const headers = { ...STREAM_HEADERS, ...(await this.#requests.headers(abort.signal)) };
      const clientId = await this.#identity.get();
      if (!current()) return this.#state.status === 'suspended' ? this.#identity.release() : undefined;
      const requested = this.#hooks.desired();
      this.#channels.dialled(requested);
      await this.#settings.transport({
        url: this.#requests.streamUrl(clientId, requested, this.#cursor),
        headers,
        credentials: this.#settings.credentials,
        signal: abort.signal,
        heard: () => current() && this.#state.openedAt !== null && this.#watch.heard(),
        message: (message) => current() && this.#message(message),
      });
    } catch (error) {
      if (current()) this.#over(error instanceof Failure ? error : new Failure('network', String(error)));
    }
  }

  #over({ error, hintMs }: Failure): void {
    const { status, message } = error;
    if (status === 401 && this.#settings.token && !this.#state.refreshed) {
      this.#requests.reason = 'unauthorized';
      return this.#input({ kind: 'unauthorized', error });
    }
    if (status === 403) {
      // One channel that is denied must not cost the others their stream. The hub names it.
      const named = [...this.#hooks.desired()].filter((channel) => message.includes(`\`${channel}\``));
      if (this.#channels.refused(named)) return this.#input({ kind: 'again' });
    }
    this.#input({ kind: 'lost', error, hintMs });
  }

  #message({ type, data, id }: Message): void {
    if (id !== undefined) this.#cursor = id || null;
    try {
      this.#take(type, JSON.parse(data));
    } catch {
      this.#settings.onMalformed(data);
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: what the hub says, as docs/protocol.md has it
  #take(type: string, data: any): void {
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
        const more = { reason: data.reason, fatal: data.reconnect === false, hintMs: Number(data.retry_ms) || 0 };
        if (data.reason === 'expired') this.#requests.reason = 'expiring';
        return this.#over(new Failure('closing', message, more));
      }
      case 'refused':
        return this.#over(fromProblem(data, Number(data.status)));
      case 'expiring':
        return void this.#refresh();
      default:
        if (typeof data.channel !== 'string') throw new TypeError('no envelope');
        this.#hooks.event({ ...data, type: data.type ?? type });
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: what the hub says, as docs/protocol.md has it
  #connected(data: any): void {
    const { leaseSeconds } = this.#settings;
    if (!(data.heartbeat_ms > 0) || !Array.isArray(data.channels)) throw new TypeError('no hub says this');
    this.#connectionId = data.connection_id;
    this.#info = { id: data.id, user: data.user, node: data.node };
    const lease = data.lease ? Math.min(leaseSeconds || data.lease, data.lease) : 0;
    this.#watch.start(data.heartbeat_ms * SILENT_HEARTBEATS, lease ? (lease * 1000) / 3 : undefined);
    this.#input({ kind: 'opened' });
    this.#channels.began(data.connection_id, data.channels);
  }

  async #checkIn(): Promise<void> {
    const id = this.#connectionId;
    const answer = await this.#requests.post(this.#abort.signal, 'alive', String(id)).catch(() => null);
    if (answer?.status === 404 && id === this.#connectionId) {
      this.#over(new Failure('lease', 'the hub no longer knows this stream'));
    }
  }

  /** A fresh token for the stream that is open, before its grant ends. */
  async #refresh(): Promise<void> {
    if (!this.#settings.token || !this.#connectionId) return;
    this.#requests.reason = 'expiring';
    const id = this.#connectionId;
    // What fails here ends in `closing`, and the next attempt asks again.
    await this.#requests
      .headers(this.#abort.signal)
      .then((headers) => this.#requests.post(this.#abort.signal, 'refresh', id, headers))
      .catch(() => {});
  }

  async #change(change: Change): Promise<{ status: number; channels: string[] }> {
    const headers = await this.#requests.headers(this.#abort.signal);
    const json = { ...headers, 'Content-Type': 'application/json' };
    const answer = await this.#requests.post(this.#abort.signal, 'subscriptions', JSON.stringify(change), json);
    return { status: answer.status, channels: answer.status === 200 ? (await answer.json()).channels : [] };
  }
}
