// A world whose time passes when a test says so, and a hub that says what a test says.

import type { PageListener, Platform } from '../../src/index.js';

export interface Request {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
  readonly credentials: RequestCredentials | undefined;
  readonly aborted: () => boolean;
  /** Answers with a status, and perhaps a problem. */
  readonly answer: (status: number, body?: unknown, headers?: Record<string, string>) => Promise<void>;
  /** Answers with a stream, and its `connected`. */
  readonly open: (connected?: Record<string, unknown>) => Promise<Stream>;
  /** Not reached. */
  readonly fail: () => Promise<void>;
}

export interface Stream {
  readonly send: (text: string) => Promise<void>;
  readonly event: (channel: string, data: unknown, id?: string, type?: string) => Promise<void>;
  readonly control: (type: string, data: unknown) => Promise<void>;
  readonly end: () => Promise<void>;
}

export class World {
  now = 0;
  random = 1;
  page: PageListener | null = null;
  readonly requests: Request[] = [];
  readonly beacons: string[] = [];
  readonly reported: unknown[] = [];
  #timers = new Map<number, { at: number; call: () => void }>();
  #count = 0;

  readonly platform: Platform = {
    fetch: ((url: string, init: RequestInit = {}) => this.#fetch(url, init)) as typeof fetch,
    now: () => this.now,
    random: () => this.random,
    timer: (call, ms) => {
      const id = ++this.#count;
      this.#timers.set(id, { at: this.now + ms, call });
      return () => this.#timers.delete(id);
    },
    beacon: (url, body) => this.beacons.push(`${url} ${body}`),
    lifecycle: (page) => {
      this.page = page;
      return () => {
        this.page = null;
      };
    },
    storage: undefined,
    locks: undefined,
    report: (error) => this.reported.push(error),
  };

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets `ms` pass, each timer in its turn. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    await settled();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.now = Math.max(this.now, due[1].at);
      due[1].call();
      await settled();
    }
    this.now = until;
  }

  /** The requests for streams; the last of them is the one that matters. */
  streams(): Request[] {
    return this.requests.filter(({ url }) => url.pathname.endsWith('/stream'));
  }

  async last(what = 'stream'): Promise<Request> {
    await settled();
    const found = this.requests.filter(({ url }) => url.pathname.endsWith(`/${what}`)).at(-1);
    if (!found) throw new Error(`no request for ${what} was made`);
    return found;
  }

  #fetch(url: string, init: RequestInit): Promise<Response> {
    return new Promise((resolve, reject) => {
      const { signal } = init;
      signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      this.requests.push({
        url: new URL(url),
        method: init.method ?? 'GET',
        headers: new Headers(init.headers),
        body: String(init.body ?? ''),
        credentials: init.credentials,
        aborted: () => signal?.aborted ?? false,
        answer: (status, body, headers = {}) => {
          const text = body === undefined || status === 204 ? null : JSON.stringify(body);
          resolve(new Response(text, { status, headers }));
          return settled();
        },
        open: async (connected = {}) => {
          const stream = streamFor(signal ?? undefined, resolve);
          const channels = (new URL(url).searchParams.get('channels') ?? '').split(',');
          const said = {
            connection_id: 'secret',
            id: 'public',
            user: 'ada',
            node: 'n1',
            channels,
            heartbeat_ms: 15_000,
          };
          const lease = Number(new URL(url).searchParams.get('lease')) || null;
          await stream.send(`id: c0\nevent: connected\ndata: ${JSON.stringify({ ...said, lease, ...connected })}\n\n`);
          return stream;
        },
        fail: () => {
          reject(new TypeError('fetch failed'));
          return settled();
        },
      });
    });
  }
}

function streamFor(signal: AbortSignal | undefined, resolve: (response: Response) => void): Stream {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (made) => {
      controller = made;
    },
  });
  signal?.addEventListener('abort', () => controller.error(new DOMException('aborted', 'AbortError')));
  resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }));
  const send = (text: string) => {
    controller.enqueue(new TextEncoder().encode(text));
    return settled();
  };
  return {
    send,
    event: (channel, data, id = 'c1', type = 'thing') =>
      send(
        `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ channel, type, id: 'p', offset: 1, time: 0, data })}\n\n`,
      ),
    control: (type, data) => send(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`),
    end: () => {
      controller.close();
      return settled();
    },
  };
}

/** All that is ready to happen has happened: the promises of streams take a few turns. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
