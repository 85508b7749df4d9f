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

describe('a page', () => {
  test('that is left lets go at once, and back it has what it missed, and nobody has anything twice', async () => {
    const [leader, follower, other] = (await opened(3)) as [Page, Page, Page];
    const before = [browser.locks.size, browser.channels.size];
    follower.tab.page?.suspend();
    expect(snapshot(follower)).toMatchObject({ status: 'suspended', role: 'solo' });
    await publish(1);
    expect(before[1]).toBe(browser.channels.size + 1);
    expect([...browser.locks.values()].some(({ holder }) => holder?.tab === follower.tab)).toBe(false);
    follower.tab.page?.resume();
    await browser.pass(200);
    await publish(2);
    expect([leader, follower, other].map(({ heard, gaps }) => [heard, gaps])).toEqual(Array(3).fill([[1, 2], []]));
  });

  test('that led and is left hands over; back with nothing missed it disturbs nobody', async () => {
    const [leader, follower] = (await opened(2)) as [Page, Page];
    leader.tab.page?.suspend();
    await browser.pass(200);
    expect([roles([follower]), beacons]).toEqual([['leader'], []]);
    const [{ id } = { id: '' }] = hub.connections();
    leader.tab.page?.resume();
    await browser.pass(200);
    await publish(1);
    expect([leader.heard, follower.heard, hub.connections()[0]?.id]).toEqual([[1], [1], id]);
  });

  test('that was alone says goodbye, and comes back under its name', async () => {
    const [only] = (await opened(1)) as [Page];
    const [before] = ids();
    only.tab.page?.suspend();
    await browser.pass(0);
    expect([hub.connections(), beacons.length]).toEqual([[], 1]);
    hub.publish('jobs', 1);
    only.tab.page?.resume();
    await browser.pass(0);
    expect([ids(), only.heard]).toEqual([[before], [1]]);
  });

  test('that is loaded anew keeps the name, and a copy of it shares the stream', async () => {
    const storage = new Map<string, string>();
    const first = open({}, 'jobs', storage);
    await browser.pass(0);
    const before = ids();
    first.tab.page?.suspend();
    first.tab.crash();
    open({}, 'jobs', storage);
    open({}, 'jobs', new Map(storage));
    await browser.pass(0);
    expect(ids()).toEqual(before);
  });

  test('that comes from before a crash of the hub is told so, and the others aren’t', async () => {
    const [leader, follower] = (await opened(2)) as [Page, Page];
    await publish(1);
    follower.tab.page?.suspend();
    await browser.pass(0);
    hub.down();
    hub.up(true);
    await browser.pass(2_000);
    await publish(2);
    expect(leader.gaps).toEqual([{ channel: 'jobs', reason: 'epoch' }]);
    follower.tab.page?.resume();
    await browser.pass(200);
    await publish(3);
    expect(follower).toMatchObject({ heard: [1, 3], gaps: [{ channel: 'jobs', reason: 'epoch' }] });
    expect(leader).toMatchObject({ heard: [1, 2, 3], gaps: [{ channel: 'jobs', reason: 'epoch' }] });
  });

  test('that is new hears what comes from now on', async () => {
    await opened(1);
    await publish(1);
    const late = open();
    await browser.pass(0);
    await publish(2);
    expect(late.heard).toEqual([2]);
    pages[0]?.client.close();
    await browser.pass(200);
    await publish(3);
    expect(late.heard).toEqual([2, 3]);
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
    const idle = createClient({ url: hub.url, platform: browser.tab().platform, share: shareTabs({ key: 'ada' }) });
    clients.push(idle);
    await browser.pass(0);
    expect([idle.status.getSnapshot(), browser.channels.size]).toMatchObject([{ status: 'idle', role: 'solo' }, 2]);
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
