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
    const { type, leaseSeconds } = this.#settings;
    const query = new URLSearchParams({ envelope: '1', client_id: clientId, channels: [...channels].join(',') });
    if (type) query.set('type', type);
    if (leaseSeconds) query.set('lease', String(leaseSeconds));
    if (cursor) query.set('last_event_id', cursor);
    return `${this.at('stream')}?${query}`;
  }

  /** Rejects with a `Failure` where no token is to be had. */
  async headers(signal: AbortSignal): Promise<Record<string, string>> {
    const { reason } = this;
    this.reason = 'connect';
    try {
      const token = await this.#settings.token?.({ reason, signal });
      return token ? { Authorization: `Bearer ${token}` } : {};
    } catch (error) {
      throw new Failure('token', `no token: ${error instanceof Error ? error.message : error}`);
    }
  }

  post(signal: AbortSignal, what: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
    const { platform, credentials } = this.#settings;
    if (!platform.fetch) return Promise.reject(new TypeError('there is no fetch'));
    return platform.fetch(this.at(what), { method: 'POST', body, headers, credentials, signal });
  }
}
