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

  /** For the stream, which remembers why its next token is asked for. */
  headers(signal: AbortSignal): Promise<Record<string, string>> {
    const { reason } = this;
    this.reason = 'connect';
    return this.#token(reason, signal);
  }

  post(signal: AbortSignal, what: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.#fetch(what, { method: 'POST', body, headers, signal });
  }

  /** With the client's token; once more, with a fresh one, after a 401. */
  async send(what: string, init: RequestInit): Promise<Response> {
    const signal = init.signal ?? new AbortController().signal;
    const ask = async (reason: TokenReason) => {
      const headers = new Headers(init.headers);
      for (const [name, value] of Object.entries(await this.#token(reason, signal))) headers.set(name, value);
      return this.#fetch(what, { ...init, headers, signal });
    };
    const answer = await ask('connect');
    // A body that streams has been read by now.
    const again = answer.status === 401 && this.#settings.token && !(init.body instanceof ReadableStream);
    return again ? ask('unauthorized') : answer;
  }

  /** Rejects with a `Failure` where no token is to be had. */
  async #token(reason: TokenReason, signal: AbortSignal): Promise<Record<string, string>> {
    try {
      const token = await this.#settings.token?.({ reason, signal });
      return token ? { Authorization: `Bearer ${token}` } : {};
    } catch (error) {
      throw new Failure('token', `no token: ${error instanceof Error ? error.message : error}`);
    }
  }

  async #fetch(what: string, init: RequestInit): Promise<Response> {
    const { platform, credentials } = this.#settings;
    if (!platform.fetch) throw new TypeError('there is no fetch');
    return platform.fetch(this.at(what), { credentials, ...init });
  }
}
