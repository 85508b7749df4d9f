import { Failure, refused } from './failure.js';
import { parser } from './parse.js';

/** One attempt, as a transport has to make it. */
export interface Attempt {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly credentials: RequestCredentials;
  readonly signal: AbortSignal;
  /** As the global one, with the client's credentials. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
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

/**
 * Reads one stream to its end. Rejects with a `Failure` that says why there is none, or with whatever cut it. The
 * signal ends it at any time, and after it has rejected.
 */
export interface Transport {
  (attempt: Attempt): Promise<void>;
  /** It can't hear the heartbeats: silence says nothing. */
  readonly deaf?: boolean;
}

/** By `fetch`: headers, status codes and comments are seen. */
export const byFetch: Transport = async ({ url, headers, signal, fetch, heard, message }) => {
  const response = await fetch(url, { headers, signal, cache: 'no-store' });
  heard();
  if (response.status !== 200) throw await refused(response);
  if (!/^text\/event-stream\b/i.test(response.headers.get('Content-Type') ?? '')) {
    throw new Failure('protocol', `${response.url} is no event stream: is \`url\` a hub?`);
  }
  const reader = response.body?.getReader();
  if (!reader) throw new Failure('unsupported', 'this fetch has no streams: use `byEventSource`', { fatal: true });
  const decoder = new TextDecoder();
  const parse = parser((block) => block.data !== undefined && message(block as Message));
  for (;;) {
    const { done, value } = await reader.read();
    // What stands before the end without its blank line is no event (HTML §9.2.6).
    if (done) return;
    heard();
    parse(decoder.decode(value, { stream: true }));
  }
};
