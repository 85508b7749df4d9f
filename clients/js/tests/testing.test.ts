// The fake hub keeps what the real one promises: the same tests for both.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, createClient, type Gap } from '../src/index.js';
import { createFakeHub, type FakeHub } from '../src/testing.js';
import { Hub } from './harness/hub.js';
import { until } from './harness/until.js';

const SWIFT = { firstMs: 20, maxMs: 100 };

interface Either {
  url: string;
  options: object;
  publish: (channel: string, data: unknown) => Promise<unknown>;
  channels: () => Promise<string[][]>;
  down: () => Promise<void>;
  up: (forgotten?: boolean) => Promise<void>;
  stop: () => Promise<void>;
}

async function real(): Promise<Either> {
  const hub = await Hub.start();
  return {
    url: hub.url,
    options: {},
    publish: (channel, data) => hub.publish(channel, data),
    channels: async () => (await hub.connections()).map(({ channels }) => channels),
    // A crash forgets, a stop doesn't: which of them it is, `up` tells too late.
    down: () => hub.down(),
    up: async (forgotten) => {
      if (forgotten) {
        await hub.up();
        await hub.crash();
      }
      await hub.up();
    },
    stop: () => hub.stop(),
  };
}

async function fake(): Promise<Either> {
  const hub = createFakeHub();
  return {
    url: hub.url,
    options: { platform: hub.platform },
    publish: async (channel, data) => hub.publish(channel, data),
    channels: async () => hub.connections().map(({ channels }) => [...channels]),
    down: async () => hub.down(),
    up: async (forgotten) => hub.up(forgotten),
    stop: async () => expect(hub.connections()).toEqual([]),
  };
}

describe.each([
  ['the real hub', real],
  ['the fake hub', fake],
])('%s', (_, start) => {
  let hub: Either;
  let client: Client;
  let heard: unknown[];
  let gaps: Gap[];

  beforeEach(async () => {
    hub = await start();
    heard = [];
    gaps = [];
    client = createClient({ url: hub.url, backoff: SWIFT, lingerMs: 20, ...hub.options });
    client.subscribe('jobs', ({ data }) => heard.push(data), { onGap: (gap) => gaps.push(gap) });
    await is('connected');
  });

  afterEach(async () => {
    client.close();
    await hub.stop();
  });

  const is = (status: string) => until(() => client.status.getSnapshot().status === status);

  test('sends what is published, and what is published meanwhile, once and in order', async () => {
    await hub.publish('jobs', 1);
    await hub.publish('others', 0);
    await until(() => heard.length === 1);
    await hub.down();
    await is('reconnecting');
    await hub.up();
    await hub.publish('jobs', 2);
    await until(() => heard.length === 2);
    expect([heard, gaps]).toEqual([[1, 2], []]);
  });

  test('changes a live stream', async () => {
    const rooms: unknown[] = [];
    const off = client.subscribe('room:*', ({ channel }) => rooms.push(channel));
    await until(() => client.status.getSnapshot().channels['room:*'] === 'active');
    await hub.publish('room:7', {});
    await until(() => rooms.length === 1);
    off();
    await until(async () => String(await hub.channels()) === 'jobs');
  });

  test('says who is present', async () => {
    const answer = await client.request('presence?channel=jobs');
    expect(await answer.json()).toEqual({ channel: 'jobs', users: [{ user: 'anonymous', connections: 1 }] });
    const nobody = await client.request('presence?channel=others');
    expect(await nobody.json()).toEqual({ channel: 'others', users: [] });
  });

  test('that forgot everything tells the gap', async () => {
    await hub.publish('jobs', 1);
    await until(() => heard.length === 1);
    await hub.down();
    await is('reconnecting');
    await hub.up(true);
    await until(() => gaps.length > 0);
    expect(gaps[0]).toMatchObject({ channel: 'jobs', reason: 'epoch' });
  });
});

describe('the fake hub alone', () => {
  let hub: FakeHub;
  let client: Client;

  beforeEach(() => {
    hub = createFakeHub({ historyMax: 2 });
    client = createClient({ url: hub.url, platform: hub.platform, backoff: SWIFT });
  });

  afterEach(() => client.close());

  const is = (status: string) => until(() => client.status.getSnapshot().status === status);

  test('refuses, ends and cuts as it is told', async () => {
    hub.refuse(503);
    client.subscribe('jobs', () => {});
    await is('reconnecting');
    hub.refuse(null);
    await is('connected');
    hub.cut();
    await is('reconnecting');
    await is('connected');
    hub.end('kicked', { reconnect: false });
    await is('failed');
    expect(client.status.getSnapshot().error?.reason).toBe('kicked');
  });

  test('denies a channel, and the others live', async () => {
    hub.deny('secrets');
    client.subscribe('jobs', () => {});
    client.subscribe('secrets', () => {});
    await is('connected');
    expect(client.status.getSnapshot().channels).toEqual({ jobs: 'active', secrets: 'denied' });
  });

  test('lets go of what is old, and says so', async () => {
    const gaps: Gap[] = [];
    const heard: unknown[] = [];
    client.subscribe('jobs', ({ data }) => heard.push(data), { onGap: (gap) => gaps.push(gap) });
    await is('connected');
    hub.down();
    for (const number of [1, 2, 3]) hub.publish('jobs', number);
    hub.up();
    await until(() => heard.length === 2);
    expect([heard, gaps]).toEqual([[2, 3], [{ channel: 'jobs', reason: 'trimmed' }]]);
  });
});
