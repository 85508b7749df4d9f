import { createParser } from 'eventsource-parser';
import { Failure, refused } from './failure.js';

/** One attempt, as a transport has to make it. */
export interface Attempt {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly credentials: RequestCredentials;
  readonly signal: AbortSignal;
  /** Bytes came: whatever they are, the far end lives. */
  readonly heard: () => void;
  readonly message: (message: Message) => void;
}

/** An event as it stands on the wire. */
export interface Message {
  readonly type: string;
  readonly data: string;
  readonly id: string | undefined;
}

/** Reads one stream to its end. Always rejects: with a `Failure` that says why there is no more. */
export type Transport = (attempt: Attempt) => Promise<never>;

/** One event may have this many characters; the hub's limit is 64 KiB of data, an operator's may be larger. */
const EVENT_CHARS_MAX = 16 * 1024 * 1024;

/** By `fetch`: headers, status codes and comments are seen. `undefined` where the environment has none. */
export function byFetch(fetch: typeof globalThis.fetch | undefined): Transport {
  return async ({ url, headers, credentials, signal, heard, message }) => {
    if (!fetch) throw new Failure('unsupported', 'this environment can’t read a stream by fetch', { fatal: true });
    let response: Response;
    try {
      response = await fetch(url, { headers, credentials, signal, cache: 'no-store' });
    } catch (error) {
      throw new Failure('network', `the hub can’t be reached: ${words(error)}`);
    }
    heard();
    if (response.status !== 200) throw await refused(response);
    if (!/^text\/event-stream\b/i.test(response.headers.get('Content-Type') ?? '') || !response.body) {
      response.body?.cancel().catch(() => {});
      throw new Failure('protocol', `${response.url} answers with no event stream: is \`url\` the hub’s?`);
    }
    await read(response.body.getReader(), heard, message);
    throw new Failure('network', 'the stream ended');
  };
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>, heard: () => void, message: Attempt['message']) {
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent: ({ event, data, id }) => message({ type: event || 'message', data, id }),
    maxBufferSize: EVENT_CHARS_MAX,
  });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      // What stands before the end without its blank line is no event (HTML §9.2.6).
      if (done) return;
      heard();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('network', `the stream was cut: ${words(error)}`);
  } finally {
    reader.cancel().catch(() => {});
  }
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
