import { canonical, matches } from './pattern.js';
import type { Platform } from './platform.js';

export interface FakeHubOptions {
  /** Events that are held for replay. Default: 1 000. */
  readonly historyMax?: number;
  /** Milliseconds, as `connected` says it. No heartbeat is sent: let it be longer than the test. Default: an hour. */
  readonly heartbeatMs?: number;
}

/**
 * A hub inside the test, for an application's own tests: no process, no port, no timers. It keeps what docs/protocol.md
 * promises of streams, cursors, gaps and live changes, and says who is present (all are one user); limits, leases and
 * operators it doesn't have.
 *
 * ```ts
 * const hub = createFakeHub();
 * const client = createClient({ url: hub.url, platform: hub.platform });
 * ```
 */
export interface FakeHub {
  readonly url: string;
  /** The client's `platform`, or a part of it. */
  readonly platform: Pick<Platform, 'fetch' | 'beacon'>;
  /** The answer is how many streams it went to. */
  publish(channel: string, data: unknown, type?: string): number;
  /** The live streams. */
  connections(): { readonly id: string; readonly clientId: string; readonly channels: readonly string[] }[];
  /** Ends all streams with `closing`, as docs/protocol.md has it. */
  end(reason: string, more?: { readonly reconnect?: boolean; readonly retryMs?: number }): void;
  /** Cuts all streams without a word. */
  cut(): void;
  /** From now on every stream is answered with this status; null lets them in again. */
  refuse(status: number | null, problem?: Record<string, unknown>): void;
  /** From now on this channel is granted to nobody. */
  deny(channel: string): void;
  /** What streams have that ask for no channels (`channels: 'granted'`), also those that are open. Default: everything. */
  grant(channels: readonly string[]): void;
  /** Can't be reached, and what was open is cut, until `up`. */
  down(): void;
  /** There again; with `forgotten`, as after a crash: every cursor from before gets its gap. */
  up(forgotten?: boolean): void;
}

interface Entry {
  readonly channel: string;
  readonly type: string | undefined;
  readonly offset: number;
  readonly time: number;
  readonly data: unknown;
}

interface Open {
  readonly secret: string;
  readonly id: string;
  readonly clientId: string;
  channels: string[];
  /** It asked for none, so it has what is granted. */
  readonly granted: boolean;
  readonly write: (text: string) => void;
  readonly end: (cut: boolean) => void;
}

/** Makes a hub that is up and empty. */
export function createFakeHub({ historyMax = 1_000, heartbeatMs = 3_600_000 }: FakeHubOptions = {}): FakeHub {
  let log: Entry[] = [];
  let epoch = 1;
  let head = 0;
  let count = 0;
  let reachable = true;
  let refusal: { status: number; problem: Record<string, unknown> } | null = null;
  let granted: readonly string[] = ['*'];
  const denied = new Set<string>();
  const open = new Map<string, Open>();

  const cursor = (offset = head, owed = false) => `fake${epoch}-${offset}${owed ? '~' : ''}`;
  const frame = (type: string | undefined, data: unknown, id?: string) =>
    `${id ? `id: ${id}\n` : ''}${type ? `event: ${type}\n` : ''}data: ${JSON.stringify(data)}\n\n`;
  const text = (entry: Entry) => frame(entry.type, { ...entry, id: cursor(entry.offset) }, cursor(entry.offset));
  const wants = (channels: readonly string[], entry: Entry) => channels.some((one) => matches(one, entry.channel));
  const endAll = (cut: boolean) => {
    for (const one of [...open.values()]) {
      open.delete(one.secret);
      one.end(cut);
    }
  };

  function supersede(one: Open): void {
    one.write(frame('closing', { reason: 'superseded', reconnect: false, retry_ms: 0 }));
    open.delete(one.secret);
    one.end(false);
  }

  function stream(url: URL, signal: AbortSignal | null | undefined): Response {
    if (refusal) return json(refusal.status, { status: refusal.status, ...refusal.problem });
    const asked = url.searchParams.get('channels');
    const channels = asked === null ? [...granted] : asked.split(',').filter(Boolean).map(canonical);
    const no = channels.find((channel) => denied.has(channel));
    if (no !== undefined) return forbidden(no);
    const brought = url.searchParams.get('last_event_id');
    const since = place(brought);
    const clientId = url.searchParams.get('client_id') ?? '';
    for (const one of [...open.values()]) if (clientId && one.clientId === clientId) supersede(one);
    count += 1;
    const [secret, id] = [`secret-${count}`, `c${count}`];
    const lost = (channel: string) => since === null || (trimmedFor(channel) ?? -1) > since;
    const resume = (channel: string) => (brought === null ? 'new' : lost(channel) ? 'gap' : 'ok');
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const write = (said: string) => controller.enqueue(new TextEncoder().encode(said));
        const end = (cut: boolean) => (cut ? controller.error(new TypeError('cut')) : controller.close());
        open.set(secret, { secret, id, clientId, channels, granted: asked === null, write, end });
        signal?.addEventListener('abort', () => open.delete(secret) && end(true));
        const lease = Number(url.searchParams.get('lease')) || null;
        const who = {
          protocol: 1,
          connection_id: secret,
          id,
          client_id: clientId,
          user: 'anonymous',
          type: 'client',
          node: 'fake',
        };
        const how = { channels, heartbeat_ms: heartbeatMs, lease };
        const states = Object.fromEntries(channels.map((channel) => [channel, resume(channel)]));
        const gaps = brought === null ? [] : channels.filter(lost);
        const from = brought === null ? head : (since ?? head);
        // Until the last gap is told, all of them are owed.
        write(frame('connected', { ...who, ...how, resume: states }, cursor(from, gaps.length > 0)));
        for (const channel of gaps) {
          const reason = since === null ? 'epoch' : 'trimmed';
          write(frame('gap', { channel, reason }, cursor(from, channel !== gaps.at(-1))));
        }
        if (brought === null) return;
        for (const entry of log)
          if (since !== null && entry.offset > since && wants(channels, entry)) write(text(entry));
      },
    });
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
  }

  /** The offset that a cursor stands for; null for one that nothing is known of. */
  function place(brought: string | null): number | null {
    if (brought === 'earliest') return 0;
    const [before, offset] = (brought ?? '').split('-');
    return before === `fake${epoch}` ? Number(offset) : null;
  }

  const trimmed = new Map<string, number>();
  const trimmedFor = (channel: string) =>
    Math.max(...[...trimmed].filter(([name]) => matches(channel, name)).map(([, offset]) => offset), 0);

  function change(body: string): Response {
    const { connection_id, add, remove } = JSON.parse(body) as {
      connection_id: string;
      add: string[];
      remove: string[];
    };
    const found = open.get(connection_id);
    if (!found) return json(404, { status: 404, title: 'Not found' });
    const no = add.find((channel) => denied.has(channel));
    if (no !== undefined) return forbidden(no);
    return json(200, { ...amend(found, add.map(canonical), remove.map(canonical)), channels: found.channels });
  }

  function amend(one: Open, add: readonly string[], remove: readonly string[]) {
    const added = add.filter((channel) => !one.channels.includes(channel));
    const removed = remove.filter((channel) => one.channels.includes(channel));
    one.channels = [...one.channels.filter((channel) => !removed.includes(channel)), ...added];
    if (added.length > 0) one.write(frame('subscribed', { channels: added }, cursor()));
    if (removed.length > 0) one.write(frame('unsubscribed', { channels: removed }, cursor()));
    return { added, removed };
  }

  function disconnect(secret: string): Response {
    const found = open.get(secret);
    open.delete(secret);
    found?.end(false);
    return found ? new Response(null, { status: 204 }) : json(404, { status: 404, title: 'Not found' });
  }

  function presence(channel: string): Response {
    const connections = [...open.values()].filter(({ channels }) => channels.includes(channel)).length;
    return json(200, { channel, users: connections > 0 ? [{ user: 'anonymous', connections }] : [] });
  }

  function answer(url: URL, init: RequestInit): Response {
    const body = String(init.body ?? '');
    switch (url.pathname.split('/').pop()) {
      case 'stream':
        return stream(url, init.signal);
      case 'subscriptions':
        return change(body);
      case 'disconnect':
        return disconnect(body);
      case 'presence':
        return presence(url.searchParams.get('channel') ?? '');
      case 'alive':
        return open.has(body) ? new Response(null, { status: 204 }) : json(404, { status: 404, title: 'Not found' });
      default:
        return json(404, { status: 404, title: 'Not found', detail: 'a fake hub has no such path' });
    }
  }

  return {
    url: 'http://fake.invalid',
    platform: {
      fetch: (async (url: string | URL | Request, init: RequestInit = {}) => {
        if (!reachable) throw new TypeError('fetch failed');
        return answer(new URL(String(url)), init);
      }) as typeof fetch,
      beacon: (_, secret) => void disconnect(secret),
    },
    publish: (channel, data, type) => {
      head += 1;
      const entry: Entry = { channel, type, offset: head, time: Date.now(), data };
      log.push(entry);
      const old = log.length > historyMax ? log.shift() : undefined;
      if (old) trimmed.set(old.channel, old.offset);
      const to = [...open.values()].filter(({ channels }) => wants(channels, entry));
      for (const { write } of to) write(text(entry));
      return to.length;
    },
    connections: () =>
      [...open.values()].map(({ id, clientId, channels }) => ({ id, clientId, channels: [...channels] })),
    end: (reason, { reconnect = true, retryMs = 0 } = {}) => {
      for (const { write } of open.values()) write(frame('closing', { reason, reconnect, retry_ms: retryMs }));
      endAll(false);
    },
    cut: () => endAll(true),
    refuse: (status, problem = {}) => {
      refusal = status === null ? null : { status, problem };
    },
    deny: (channel) => void denied.add(canonical(channel)),
    grant: (channels) => {
      granted = channels.map(canonical);
      for (const one of open.values()) {
        if (!one.granted) continue;
        const left = one.channels.filter((channel) => !granted.includes(channel));
        amend(one, granted, left);
      }
    },
    down: () => {
      reachable = false;
      endAll(true);
    },
    up: (forgotten = false) => {
      reachable = true;
      if (!forgotten) return;
      epoch += 1;
      log = [];
      head = 0;
      trimmed.clear();
    },
  };
}

function json(status: number, body: unknown): Response {
  return new Response(status === 204 ? null : JSON.stringify(body), { status });
}

function forbidden(channel: string): Response {
  return json(403, { status: 403, title: 'Forbidden', detail: `the channel \`${channel}\` is not granted` });
}
