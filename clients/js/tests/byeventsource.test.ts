// The other transport: over an `EventSource`, for where fetch can't stream. Node has none: the facade stands in.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EventSource as Facade } from '../src/eventsource.js';
import { byEventSource, type Client, createClient } from '../src/index.js';
import { Hub } from './harness/hub.js';
import { until } from './harness/until.js';

let hub: Hub;
let clients: Client[];
let opened: string[];

class Source extends Facade {
  constructor(url: string, options?: EventSourceInit) {
    super(url, options);
    opened.push(url);
  }
}

beforeEach(async () => {
  vi.stubGlobal('EventSource', Source);
  [clients, opened] = [[], []];
  hub = await Hub.start();
});

afterEach(async () => {
  for (const client of clients) client.close();
  vi.unstubAllGlobals();
  await hub.stop();
});

function client(options: object = {}): Client {
  const backoff = { firstMs: 20, maxMs: 100 };
  const made = createClient({ url: hub.url, transport: byEventSource, backoff, leaseSeconds: 0, ...options });
  clients.push(made);
  return made;
}

const status = (one: Client) => one.status.getSnapshot().status;
const is = (one: Client, what: string) =>
  until(
    () => status(one) === what,
    () => JSON.stringify(one.status.getSnapshot()),
  );

describe('by an EventSource', () => {
  test('events of every type come, and channels come and go on the live stream', async () => {
    const one = client();
    const heard: unknown[] = [];
    one.subscribe('jobs', ({ type, data }) => heard.push([type, data]));
    await is(one, 'connected');
    await hub.publish('jobs', 1, 'job_started');
    await hub.publish('jobs', 2);
    one.subscribe('room:*', ({ channel, type }) => heard.push([channel, type]));
    await until(() => one.status.getSnapshot().channels['room:*'] === 'active');
    await hub.publish('room:1', {}, 'door');
    await until(() => heard.length === 3);
    expect(heard).toEqual([
      ['job_started', 1],
      ['message', 2],
      ['room:1', 'door'],
    ]);
    expect((await hub.stats()).connections.opened_total).toBe(1);
  });

  test('over a restart nothing is missed', async () => {
    const one = client();
    const heard: unknown[] = [];
    one.subscribe('jobs', ({ data }) => heard.push(data));
    await is(one, 'connected');
    await hub.publish('jobs', 1);
    await until(() => heard.length === 1);
    await hub.down();
    await is(one, 'reconnecting');
    await hub.up();
    await hub.publish('jobs', 2);
    await until(() => heard.length === 2);
    expect(heard).toEqual([1, 2]);
    await hub.settlesAt(1);
  });

  test('a token becomes a ticket, good for one stream', async () => {
    const one = client({ token: () => 'a-secret' });
    one.subscribe('jobs', () => {});
    await is(one, 'connected');
    const query = new URL(opened[0] ?? '').searchParams;
    expect(query.get('envelope')).toBe('message');
    expect(query.get('ticket')).toMatch(/\w{16}/);
    expect(opened.join()).not.toContain('a-secret');
  });

  test('a refusal that the platform hides is asked for', async () => {
    const one = client();
    one.subscribe('a name\nof two lines', () => {});
    await is(one, 'failed');
    expect(one.status.getSnapshot().error).toMatchObject({ code: 'http', status: 400, fatal: true });
  });

  test('silence says nothing, since heartbeats are not heard', async () => {
    await hub.down();
    hub = await Hub.start({ TIDINGS_STREAM_HEARTBEAT_MS: '100' });
    const one = client();
    one.subscribe('jobs', () => {});
    await is(one, 'connected');
    const heard: unknown[] = [];
    one.subscribe('jobs', ({ data }) => heard.push(data));
    // Twenty heartbeats: a client that waited for them would have given up.
    const begun = performance.now();
    await until(() => performance.now() - begun > 2_000);
    await hub.publish('jobs', 1);
    await until(() => heard.length === 1);
    expect((await hub.stats()).connections.opened_total).toBe(1);
  });

  test('close() ends it, and without an EventSource the state is clear', async () => {
    const one = client();
    one.subscribe('jobs', () => {});
    await is(one, 'connected');
    one.close();
    await hub.settlesAt(0);
    vi.stubGlobal('EventSource', undefined);
    const other = client();
    other.subscribe('jobs', () => {});
    await is(other, 'failed');
    expect(other.status.getSnapshot().error).toMatchObject({ code: 'unsupported', fatal: true });
  });
});
