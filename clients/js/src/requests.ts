import { Failure } from './failure.js';
import type { Settings, TokenReason } from './options.js';
import { VERSION } from './version.js';

/** By `Tidings-Client` the hub knows that a refusal's status is read here, which an `EventSource` can't. */
export const STREAM_HEADERS = { Accept: 'text/event-stream', 'Tidings-Client': `js/${VERSION}` };

/** What goes to the hub: addresses, tokens, and the small requests beside the stream. */
export class Requests {
  /** Why the next token is asked for. */
  reason: TokenReason = 'connect';
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  at(what: string): string {
    return `${this.#settings.url}/api/sse/${what}`;
  }

  streamUrl(clientId: string, channels: Set<string>, cursor: string | null): string {
    const { type, leaseSeconds, channels: wish } = this.#settings;
    const query = new URLSearchParams({
      envelope: '1',
      client_id: clientId,
      ...(wish !== 'granted' && { channels: [...channels].join(',') }),
      ...(type && { type }),
      ...(leaseSeconds && { lease: String(leaseSeconds) }),
      ...(cursor && { last_event_id: cursor }),
    });
    return `${this.at('stream')}?${query}`;
  }

  /** With the next token; none, where there is none. Rejects with a `Failure` where it can't be had. */
  async headers(signal: AbortSignal): Promise<Record<string, string>> {
    const { reason } = this;
    this.reason = 'connect';
    try {
      const token = await this.#settings.token?.({ reason, signal });
      return token ? { Authorization: `Bearer ${token}` } : {};
    } catch (error) {
      throw new Failure('token', `no token: ${error}`);
    }
  }

  async fetch(url: string, init: RequestInit): Promise<Response> {
    const { platform, credentials } = this.#settings;
    if (!platform.fetch) throw new Failure('unsupported', 'there is no fetch', { fatal: true });
    return platform.fetch(url, { credentials, ...init });
  }

  /** With a token; once more, with a fresh one, after a 401. */
  async send(what: string, init: RequestInit = {}, again = true): Promise<Response> {
    const token = await this.headers(init.signal ?? new AbortController().signal);
    const headers = { ...Object.fromEntries(new Headers(init.headers)), ...token };
    const answer = await this.fetch(this.at(what), { ...init, headers });
    // A body that streams has been read by now.
    if (answer.status !== 401 || !again || !this.#settings.token || init.body instanceof ReadableStream) return answer;
    this.reason = 'unauthorized';
    return this.send(what, init, false);
  }
}
