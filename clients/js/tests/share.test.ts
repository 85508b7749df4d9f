// Tabs that share a stream, in a simulated browser with injected time.

import { describe, expect, test } from 'vitest';
import { createClient } from '../src/index.js';
import { lowest, order } from '../src/place.js';
import { shareTabs } from '../src/share.js';
import {
  beacons,
  browser,
  clients,
  hub,
  ids,
  open,
  opened,
  type Page,
  pages,
  publish,
  roles,
  snapshot,
} from './harness/sharing.js';
import { SimBrowser } from './harness/tabs.js';
import { World } from './harness/world.js';

describe('four tabs', () => {
  test('are one stream, and each of them has every event and the state', async () => {
    const tabs = await opened(4);
    await publish(1);
    expect(hub.connections()).toHaveLength(1);
    expect(tabs.map(({ heard }) => heard)).toEqual([[1], [1], [1], [1]]);
    for (const page of tabs)
      expect(snapshot(page)).toMatchObject({ status: 'connected', channels: { jobs: 'active' } });
    expect(new Set(tabs.map((page) => snapshot(page).connection?.id)).size).toBe(1);
  });

  test('go on when the leader closes, at once, under the same name; its goodbye ends its own connection alone', async () => {
    const [leader, ...rest] = await opened(4);
    const [before] = ids();
    await publish(1);
    leader?.client.close();
    await publish(2);
    expect(roles(rest)).toEqual(['leader', 'follower', 'follower']);
    expect([ids(), beacons.length]).toEqual([[before], 1]);
    await publish(3);
    expect(rest.map(({ heard, gaps }) => [heard, gaps])).toEqual(Array(3).fill([[1, 2, 3], []]));
  });

  test('go on when the leader crashes', async () => {
    const [leader, ...rest] = await opened(4);
    await publish(1);
    leader?.tab.crash();
    hub.publish('jobs', 2);
    await browser.pass(200);
    expect(rest.map(({ heard, gaps }) => [heard, gaps])).toEqual(Array(3).fill([[1, 2], []]));
    expect(hub.connections()).toHaveLength(1);
  });

  test('wait for each other for a moment, not for one that is gone', async () => {
    const [leader, second, third, fourth] = (await opened(4)) as [Page, Page, Page, Page];
    for (const page of [leader, third]) page.tab.crash();
    await browser.pass(99);
    expect(hub.connections()).toHaveLength(0);
    await browser.pass(1);
    expect(hub.connections()).toHaveLength(1);
    await publish(1);
    expect([second.heard, fourth.heard]).toEqual([[1], [1]]);
  });

  test('end their stream by a beacon when the last of them leaves', async () => {
    const tabs = await opened(4);
    for (const { client } of tabs) {
      client.close();
      await browser.pass(0);
    }
    // One of each that led in its turn.
    expect([hub.connections(), beacons.length]).toEqual([[], 4]);
  });

  test('leave no ghost where all of them are closed at once, and a proxy keeps departures to itself', async () => {
    const tabs = await opened(4);
    const led = tabs.findIndex(({ tab }) => [...browser.locks.values()].some(({ holder }) => holder?.tab === tab));
    tabs[led]?.client.close();
    for (const { tab } of tabs) tab.crash();
    await browser.pass(0);
    expect(beacons.length).toBe(1);
  });

  test('of two users, or two hubs, share nothing', async () => {
    open();
    open({ share: shareTabs({ key: 'bob' }) });
    open({ url: `${hub.url}/` });
    open({ url: `${hub.url}/other` });
    await browser.pass(0);
    expect(hub.connections()).toHaveLength(3);
  });
});

describe('a follower', () => {
  test('adds its channels to the stream, and takes them off it, however it goes', async () => {
    await opened(1);
    const [second, third] = [open({}, 'a'), open({}, 'b')];
    await browser.pass(0);
    expect(hub.connections()[0]?.channels).toEqual(['jobs', 'a', 'b']);
    expect(snapshot(second).channels).toEqual({ a: 'active' });
    await publish(1, 'a');
    expect([second.heard, third.heard, pages[0]?.heard]).toEqual([[1], [], []]);
    const off = second.client.subscribe('c', () => {});
    await browser.pass(0);
    off();
    await browser.pass(1);
    expect(hub.connections()[0]?.channels).toEqual(['jobs', 'a', 'b']);
    second.client.close();
    third.tab.crash();
    await browser.pass(0);
    expect(hub.connections()[0]?.channels).toEqual(['jobs']);
  });

  test('with nobody subscribed is no member, and one again with the next', async () => {
    const [leader, follower] = (await opened(2)) as [Page, Page];
    const tab = browser.tab();
    const idle = createClient({ url: hub.url, platform: tab.platform, lingerMs: 0, share: shareTabs({ key: 'ada' }) });
    clients.push(idle);
    idle.subscribe('jobs', () => {})();
    await browser.pass(1);
    expect([idle.status.getSnapshot(), browser.channels.size]).toMatchObject([{ status: 'idle', role: 'solo' }, 2]);
    expect(tab.page).toBeNull();
    idle.subscribe('jobs', () => {});
    await browser.pass(0);
    expect(idle.status.getSnapshot()).toMatchObject({ status: 'connected', role: 'follower' });
    leader.client.close();
    follower.client.close();
    await browser.pass(200);
    expect(idle.status.getSnapshot()).toMatchObject({ status: 'connected', role: 'leader' });
  });

  test('shows what became of the stream, and may ask for another', async () => {
    const tabs = await opened(3);
    hub.end('kicked', { reconnect: false });
    await browser.pass(60_000);
    for (const page of tabs) expect(snapshot(page)).toMatchObject({ status: 'failed', error: { reason: 'kicked' } });
    tabs[2]?.client.reconnect();
    await browser.pass(0);
    for (const page of tabs) expect(snapshot(page).status).toBe('connected');
  });

  test('that is looked at ends the leader’s wait', async () => {
    const [, follower] = await opened(2);
    hub.down();
    await browser.pass(0);
    hub.up();
    follower?.tab.page?.nudge();
    await browser.pass(0);
    expect(snapshot(follower as Page).status).toBe('connected');
  });

  test('sees what is denied to it', async () => {
    await opened(1);
    hub.deny('secrets');
    const other = open({}, 'secrets');
    await browser.pass(0);
    expect(snapshot(other)).toMatchObject({ status: 'connected', channels: { secrets: 'denied' } });
    expect(snapshot(pages[0] as Page).channels).toEqual({ jobs: 'active' });
  });

  test.each(['constructor', '__proto__'])('may have a channel called %s', async (name) => {
    const [leader, other] = (await opened(2)) as [Page, Page];
    const heard: unknown[] = [];
    other.client.subscribe(name, ({ data }) => heard.push(data));
    // Before the leader has heard of it.
    await Promise.resolve();
    expect(Object.entries(snapshot(other).channels)).toContainEqual([name, 'pending']);
    await browser.pass(0);
    expect(Object.entries(snapshot(other).channels)).toContainEqual([name, 'active']);
    await publish(1, name);
    leader.client.close();
    await publish(2, name);
    expect(Object.entries(snapshot(other).channels)).toContainEqual([name, 'active']);
    expect(heard).toEqual([1, 2]);
  });

  test('whose channels are too many for one stream is denied those, and the others have theirs', async () => {
    const world = new World();
    const sim = new SimBrowser(world.platform);
    const [first, second] = [open({ platform: sim.tab().platform }, 'a'), open({ platform: sim.tab().platform }, 'b')];
    second.client.subscribe('c', () => {});
    await sim.pass(200);
    await (await world.last()).open({ channels: ['a'], heartbeat_ms: 600_000 });
    await sim.pass(0);
    await (await world.last('subscriptions')).answer(400, { status: 400, limit: 2 });
    await sim.pass(0);
    await (await world.last('subscriptions')).answer(200, { channels: ['a', 'b'] });
    await sim.pass(0);
    expect([first, second].map((page) => snapshot(page).channels)).toEqual([
      { a: 'active' },
      { b: 'active', c: 'denied' },
    ]);
    // Whoever takes over begins with too many.
    open({ platform: sim.tab().platform }, 'd');
    first.client.close();
    await sim.pass(200);
    await (await world.last()).answer(400, { status: 400, limit: 2 });
    await sim.pass(0);
    expect((await world.last()).url.searchParams.get('channels')).toBe('b,c');
    await (await world.last()).open({ heartbeat_ms: 600_000 });
    await sim.pass(0);
    expect(pages.slice(1).map((page) => snapshot(page))).toMatchObject([
      { status: 'connected', channels: { b: 'active', c: 'active' } },
      { status: 'connected', channels: { d: 'denied' } },
    ]);
    for (const page of pages) page.client.close();
    await sim.pass(0);
  });

  test('passes over what it doesn’t understand', async () => {
    const tabs = await opened(2);
    const name = [...browser.locks.keys()].find((lock) => !lock.includes(' ')) ?? '';
    const stranger = browser.tab().platform.broadcast?.(name);
    for (const said of [null, 7, {}, { kind: 'someday' }, { kind: 'event', term: 0 }, { kind: 'state' }]) {
      stranger?.postMessage(said);
    }
    stranger?.close();
    await publish(1);
    expect(tabs.map(({ heard, tab }) => [heard, tab.reported])).toEqual([
      [[1], []],
      [[1], []],
    ]);
  });
});

test('an event that has no place of its own reaches every tab, each time', async () => {
  let write: (text: string) => void = () => {};
  const fetch = async () => {
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      write = (text) => controller.enqueue(new TextEncoder().encode(text));
    };
    return new Response(new ReadableStream({ start }), { headers: { 'Content-Type': 'text/event-stream' } });
  };
  const sim = new SimBrowser({ fetch: fetch as never, beacon: () => {} });
  const tabs = [1, 2].map(() => open({ platform: sim.tab().platform }, '$hub/stats'));
  await sim.pass(0);
  const connected = {
    connection_id: 's',
    id: 'c1',
    user: 'ada',
    node: 'n',
    channels: ['$hub/stats'],
    heartbeat_ms: 1e6,
  };
  write(`id: k-1\nevent: connected\ndata: ${JSON.stringify(connected)}\n\n`);
  for (const data of [1, 2]) write(`data: ${JSON.stringify({ channel: '$hub/stats', data })}\n\n`);
  await sim.pass(0);
  expect(tabs.map(({ heard }) => heard)).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

describe('where tabs can’t hear each other', () => {
  test.each([{ locks: undefined }, { broadcast: undefined as never }])(
    'without %o each has its own stream',
    async (no) => {
      const real = globalThis.BroadcastChannel;
      // Node has one.
      Reflect.deleteProperty(globalThis, 'BroadcastChannel');
      try {
        for (let at = 0; at < 2; at += 1) {
          const { platform } = browser.tab();
          const page = open({ platform: { ...platform, ...no } });
          await browser.pass(0);
          expect(snapshot(page)).toMatchObject({ status: 'connected', role: 'solo' });
        }
      } finally {
        globalThis.BroadcastChannel = real;
      }
      expect(hub.connections()).toHaveLength(2);
      clients.map((client) => client.close());
    },
  );

  test('and where locks are refused, too', async () => {
    const request = () => Promise.reject(new DOMException('a sandbox', 'SecurityError'));
    const page = open({ platform: { ...browser.tab().platform, locks: { request } as unknown as LockManager } });
    await browser.pass(0);
    expect(snapshot(page).status).toBe('connected');
    await publish(1);
    expect(page.heard).toEqual([1]);
  });

  test.each([0, 999, Number.NaN])('a watchdog of %d ms can’t be', (watchdogMs) => {
    expect(() => shareTabs({ key: 'ada', watchdogMs })).toThrow(RangeError);
  });
});

test.each(['', undefined as never])('nobody’s key, %o, can’t be', (key) => {
  expect(() => shareTabs({ key })).toThrow(RangeError);
});

describe('places', () => {
  test.each([
    ['k3x-9', 'k3x-a', -1],
    ['k3x-zz', 'k3x-100', -1],
    ['k3x-10', 'k3x-10', 0],
    ['k3x-10~', 'k3x-10', -1],
    ['k3x-11~', 'k3x-10', 1],
    ['k3x-1', 'k3y-2', undefined],
    ['earliest', 'k3x-1', undefined],
    ['?', '?', 0],
  ])('%s to %s is %s', (one, other, is) => {
    const found = order(one, other);
    expect(found === undefined ? found : Math.sign(found)).toBe(is);
  });

  test('the lowest of some is the one that misses nothing, and of none none', () => {
    expect(lowest([null, 'k-3', 'k-1', null, 'k-2'])).toBe('k-1');
    expect(lowest(['k-3', 'j-1'])).toBe('k-3');
    expect(lowest([null])).toBeNull();
  });
});
