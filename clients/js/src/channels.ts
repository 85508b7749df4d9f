import { canonical } from './pattern.js';
import type { Platform } from './platform.js';
import type { ChannelStatus } from './status.js';

export interface Change {
  readonly connection_id: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export interface ChannelHooks {
  /** What the subscribers want now. */
  readonly desired: () => Set<string>;
  /** Asks the hub: the status, and for 200 the channels of the stream. Rejects when it wasn't reached. */
  readonly ask: (change: Change) => Promise<{ status: number; channels: readonly string[] }>;
  /** The hub doesn't know the connection. */
  readonly gone: () => void;
  readonly changed: () => void;
}

const ASK_AGAIN_MS = 1_000;
const ASK_AGAIN_MS_MAX = 16_000;

/** Brings the channels of the live stream to what is wanted, one request at a time. */
export class LiveChannels {
  #platform: Pick<Platform, 'timer'>;
  #hooks: ChannelHooks;
  #connectionId: string | null = null;
  #active = new Set<string>();
  /** `refused` by the grant; `taken` off this stream by an operator, and asked for again on the next. */
  #denied = new Map<string, 'refused' | 'taken'>();
  /** Those that this client asked for: what an operator added is not its own to remove. */
  #asked = new Set<string>();
  /** Those that it removed, and of which the stream has not said so yet. */
  #leaving = new Set<string>();
  #busy = false;
  /** One channel a request, to learn which of them is refused. */
  #singly = false;
  #againMs = ASK_AGAIN_MS;
  #cancel: (() => void) | null = null;

  constructor(platform: Pick<Platform, 'timer'>, hooks: ChannelHooks) {
    this.#platform = platform;
    this.#hooks = hooks;
  }

  /** An attempt with `requested` begins. */
  dialled(requested: Set<string>): void {
    this.#asked = requested;
    for (const [channel, why] of this.#denied) {
      if (why === 'refused') requested.delete(channel);
      else this.#denied.delete(channel);
    }
  }

  /** `connected` came, with these channels. */
  began(connectionId: string, channels: readonly string[]): void {
    this.#connectionId = connectionId;
    this.#active = new Set(channels.map(canonical));
    for (const channel of this.#asked) if (!this.#active.has(channel)) this.#denied.set(channel, 'taken');
    for (const channel of this.#active) this.#denied.delete(channel);
    this.sync();
  }

  ended(): void {
    this.#connectionId = null;
    this.#active.clear();
    this.#leaving.clear();
    this.#busy = false;
    this.#singly = false;
    this.#againMs = ASK_AGAIN_MS;
    this.#cancel?.();
  }

  /** The hub refused a whole stream because of these. True: the next attempt goes without them, with others. */
  refused(channels: readonly string[]): boolean {
    const news = channels.filter((channel) => this.#denied.get(channel) !== 'refused');
    for (const channel of news) this.#denied.set(channel, 'refused');
    return news.length > 0 && [...this.#hooks.desired()].some((channel) => !this.#denied.has(channel));
  }

  /** Whatever was denied may be asked for anew, for instance with another token. */
  forgive(): void {
    this.#denied.clear();
  }

  /** The stream says that its channels changed: by this client or by an operator. */
  told(type: 'subscribed' | 'unsubscribed', channels: readonly string[]): void {
    for (const channel of channels.map(canonical)) {
      if (type === 'subscribed') {
        this.#active.add(channel);
        this.#denied.delete(channel);
      } else if (!this.#leaving.delete(channel)) {
        this.#active.delete(channel);
        this.#denied.set(channel, 'taken');
      }
    }
    this.#hooks.changed();
  }

  /** What the stream has. */
  get active(): ReadonlySet<string> {
    return this.#active;
  }

  status(): Record<string, ChannelStatus> {
    const of = (channel: string) =>
      this.#denied.has(channel) ? 'denied' : this.#active.has(channel) ? 'active' : 'pending';
    return Object.fromEntries([...this.#hooks.desired()].sort().map((channel) => [channel, of(channel)]));
  }

  sync(): void {
    const id = this.#connectionId;
    if (id === null || this.#busy) return;
    const desired = this.#hooks.desired();
    for (const channel of this.#denied.keys()) if (!desired.has(channel)) this.#denied.delete(channel);
    const add = [...desired].filter((channel) => !this.#active.has(channel) && !this.#denied.has(channel));
    const remove = [...this.#asked].filter((channel) => this.#active.has(channel) && !desired.has(channel));
    if (add.length + remove.length === 0) {
      this.#singly = false;
      return this.#hooks.changed();
    }
    this.#busy = true;
    const few = this.#singly ? add.slice(0, remove.length > 0 ? 0 : 1) : add;
    void this.#ask({ connection_id: id, add: few, remove });
    this.#hooks.changed();
  }

  async #ask(change: Change): Promise<void> {
    for (const channel of change.add) this.#asked.add(channel);
    for (const channel of change.remove) this.#leaving.add(channel);
    const answer = await this.#hooks.ask(change).catch(() => null);
    // Another stream by now: it began with all that was wanted.
    if (this.#connectionId !== change.connection_id) return;
    if (answer?.status === 200) return this.#done(change, answer.channels);
    for (const channel of change.remove) this.#leaving.delete(channel);
    if (answer?.status === 404) return this.#hooks.gone();
    if (answer && answer.status >= 400 && answer.status < 500 && answer.status !== 429) return this.#no(change);
    this.#cancel = this.#platform.timer(() => this.#next(), this.#againMs);
    this.#againMs = Math.min(this.#againMs * 2, ASK_AGAIN_MS_MAX);
  }

  #done(change: Change, channels: readonly string[]): void {
    this.#againMs = ASK_AGAIN_MS;
    this.#active = new Set(channels.map(canonical));
    for (const channel of change.remove) this.#asked.delete(channel);
    this.#next();
  }

  #next(): void {
    this.#busy = false;
    this.sync();
  }

  /** Nothing was changed: one of them is refused (403), or one too many (400). */
  #no({ add, remove }: Change): void {
    if (add.length > 0 && add.length + remove.length > 1) this.#singly = true;
    else for (const channel of add) this.#denied.set(channel, 'refused');
    for (const channel of remove) if (add.length === 0) this.#asked.delete(channel);
    this.#next();
  }
}
