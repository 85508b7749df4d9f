import { Failure, refused } from './failure.js';
import type { Transport } from './transport.js';

/** What the hub says of itself. What publishers say comes without a type of its own, as `message`. */
const CONTROL = ['connected', 'gap', 'subscribed', 'unsubscribed', 'joined', 'left', 'expiring', 'closing', 'refused'];

/**
 * By the platform's own `EventSource`, for environments whose `fetch` can't stream: `transport: byEventSource`. A token
 * goes as a one-time ticket, since an `EventSource` sends no headers. It neither hears heartbeats nor sees why it is
 * refused: silence is not noticed beyond what the platform notices, and after a refusal a `HEAD` asks for its status.
 */
export const byEventSource: Transport = /* @__PURE__ */ Object.assign(
  async ({ url, headers, credentials, signal, fetch, heard, message }: Parameters<Transport>[0]) => {
    if (typeof EventSource === 'undefined') {
      throw new Failure('unsupported', 'this environment has no EventSource', { fatal: true });
    }
    const ticket = headers.Authorization ? await ticketFor(url, headers, signal, fetch) : '';
    // Types that publishers chose can't be listened to by their names: the envelope has them.
    const source = new EventSource(url.replace('envelope=1', 'envelope=message') + ticket, {
      withCredentials: credentials === 'include',
    });
    try {
      await new Promise<void>((resolve) => {
        let last = '';
        const hear = ({ type, data, lastEventId: id }: MessageEvent) => {
          heard();
          // One that has no id of its own shows that of the one before.
          message({ type, data, id: id === last ? undefined : id });
          last = id;
        };
        for (const type of ['message', ...CONTROL]) source.addEventListener(type, hear as (event: Event) => void);
        // Also where it would try again by itself: when, is for the client to say.
        source.addEventListener('error', () => resolve());
        signal.addEventListener('abort', () => resolve());
      });
      if (source.readyState !== EventSource.CLOSED || signal.aborted) return;
    } finally {
      source.close();
    }
    const why = await fetch(url, { method: 'HEAD', headers, signal, cache: 'no-store' });
    if (!why.ok) throw await refused(why);
  },
  { deaf: true },
);

async function ticketFor(
  url: string,
  { Authorization }: Record<string, string>,
  signal: AbortSignal,
  fetch: Parameters<Transport>[0]['fetch'],
): Promise<string> {
  const headers = { Authorization: String(Authorization) };
  const answer = await fetch(url.replace(/stream\?.*$/s, 'ticket'), { method: 'POST', headers, signal });
  if (!answer.ok) throw await refused(answer);
  return `&ticket=${encodeURIComponent((await answer.json()).ticket)}`;
}
