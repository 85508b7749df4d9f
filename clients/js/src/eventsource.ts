import { type Block, parser } from './parse.js';

export interface EventSourceOptions extends EventSourceInit {
  /** In place of the global one: to add headers, for instance. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Milliseconds before an attempt, until the server's `retry:` says otherwise. The standard leaves it to us. */
const RETRY_MS = 3_000;
/** 23 days. A timer takes 24.8; one that is longer is due at once. */
const RETRY_MS_MAX = 2e9;

const [CONNECTING, OPEN, CLOSED] = [0, 1, 2] as const;

interface EventSourceConstructor {
  /** Throws a `SyntaxError` for what is no address. */
  new (url: string | URL, options?: EventSourceOptions): globalThis.EventSource;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
}

class Facade extends EventTarget {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSED = CLOSED;
  readonly CONNECTING = CONNECTING;
  readonly OPEN = OPEN;
  readonly CLOSED = CLOSED;
  readonly url: string;
  readonly withCredentials: boolean;
  onopen: ((event: Event) => unknown) | null = null;
  onmessage: ((event: MessageEvent) => unknown) | null = null;
  onerror: ((event: Event) => unknown) | null = null;
  #readyState: number = CONNECTING;
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fetch: typeof globalThis.fetch;
  #lastId = '';
  #retryMs = RETRY_MS;

  constructor(url: string | URL, { withCredentials = false, fetch = globalThis.fetch }: EventSourceOptions = {}) {
    super();
    const base = globalThis.document?.baseURI;
    if (!URL.canParse(url, base)) throw new DOMException(`${url} is no address`, 'SyntaxError');
    this.url = new URL(url, base).href;
    this.withCredentials = withCredentials;
    this.#fetch = fetch;
    // The caller's handlers are set first.
    this.#timer = setTimeout(() => void this.#connect());
  }

  get readyState(): number {
    return this.#readyState;
  }

  close(): void {
    this.#readyState = CLOSED;
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  override dispatchEvent(event: Event): boolean {
    // A publisher chooses the type: `__proto__` has no handler.
    const handler = /^(open|message|error)$/.test(event.type) && this[`on${event.type}` as 'onmessage'];
    if (handler) this.addEventListener(event.type, (same) => handler.call(this, same as MessageEvent), { once: true });
    return super.dispatchEvent(event);
  }

  async #connect(): Promise<void> {
    const { signal } = this.#abort;
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    // A header's value is bytes to `fetch`: those of the id in UTF-8.
    const bytes = new TextEncoder().encode(this.#lastId);
    if (this.#lastId) headers['Last-Event-ID'] = String.fromCharCode(...bytes);
    try {
      const credentials = this.withCredentials ? 'include' : 'same-origin';
      const ask = this.#fetch;
      const response = await ask(this.url, { headers, credentials, signal, cache: 'no-store' });
      const type = response.headers.get('Content-Type') ?? '';
      if (response.status !== 200 || !/^text\/event-stream\b/i.test(type) || !response.body) return this.#fail();
      this.#readyState = OPEN;
      this.dispatchEvent(new Event('open'));
      await this.#read(response.body.getReader(), new URL(response.url || this.url).origin);
    } catch {
      // Not reached, or cut: as an end.
    }
    if (this.#readyState === CLOSED) return;
    this.#readyState = CONNECTING;
    this.#timer = setTimeout(() => void this.#connect(), this.#retryMs);
    this.dispatchEvent(new Event('error'));
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>, origin: string): Promise<void> {
    const decoder = new TextDecoder();
    const take = ({ type, data, id = this.#lastId }: Block) => {
      this.#lastId = id;
      if (data === undefined || this.#readyState === CLOSED) return;
      this.dispatchEvent(new MessageEvent(type, { data, origin, lastEventId: id }));
    };
    const parse = parser(take, (name, value) => {
      if (name === 'retry' && /^\d+$/.test(value)) this.#retryMs = Math.min(Number(value), RETRY_MS_MAX);
    });
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parse(decoder.decode(value, { stream: true }));
    }
  }

  #fail(): void {
    this.close();
    this.dispatchEvent(new Event('error'));
  }
}

/**
 * What stands in for the platform's `EventSource` where there is none (Node), or where requests need headers: the same
 * states, events and reconnects (HTML §9.2), over `fetch`. It knows nothing of hubs; `createClient` does far more.
 *
 * As the standard has it, an end of the stream is followed by another attempt with the last id, and a status other than
 * 200 or another content type by none.
 */
export const EventSource = Facade as unknown as EventSourceConstructor;
