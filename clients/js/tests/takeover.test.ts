// The leader of several tabs stands still; and the lives of their pages.

import { describe, expect, test } from 'vitest';
import {
  beacons,
  browser,
  hub,
  ids,
  open,
  opened,
  type Page,
  pages,
  publish,
  roles,
  snapshot,
  WATCHDOG_MS,
} from './harness/sharing.js';

describe('a leader that stands still', () => {
  test('is replaced within the watchdog, and when it comes to it follows, and has missed nothing', async () => {
    const [leader, ...rest] = await opened(3);
    await publish(1);
    leader?.tab.hang();
    hub.publish('jobs', 2);
    await browser.pass(WATCHDOG_MS + 200);
    expect(rest.map(({ heard }) => heard)).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(hub.connections()).toHaveLength(1);
    await publish(3);
    leader?.tab.thaw();
    await browser.pass(0);
    leader?.tab.page?.nudge();
    await publish(4);
    await browser.pass(200);
    expect([leader, ...rest].map((page) => page?.heard)).toEqual(Array(3).fill([1, 2, 3, 4]));
    expect(roles([leader as Page, ...rest])[0]).toBe('follower');
    expect(leader?.statuses).not.toContain('failed');
    expect(hub.connections()).toHaveLength(1);
  });

  test('that answers is left alone, however long nothing happens', async () => {
    const tabs = await opened(3);
    await browser.pass(20 * WATCHDOG_MS);
    expect(roles(tabs)).toEqual(['leader', 'follower', 'follower']);
  });

  test('is found at once by a tab that somebody looks at', async () => {
    const [leader, follower] = await opened(2);
    await browser.pass(1_000);
    leader?.tab.hang();
    follower?.tab.page?.nudge();
    await browser.pass(WATCHDOG_MS / 2 + 100);
    expect(roles([follower as Page])).toEqual(['leader']);
  });
});

test('whose lock is taken gives up the stream at once, and leads again when it may', async () => {
  const [leader] = (await opened(1)) as [Page];
  const name = [...browser.locks.keys()].find((lock) => !lock.includes(' ')) ?? '';
  let letGo = () => {};
  const taken = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const stranger = browser.tab();
  void browser.request(stranger, name, { steal: true }, () => taken);
  await browser.pass(0);
  expect([hub.connections().length, snapshot(leader).role]).toEqual([0, 'follower']);
  letGo();
  await browser.pass(200);
  await publish(1);
  expect([hub.connections().length, snapshot(leader).role, leader.heard]).toEqual([1, 'leader', [1]]);
});

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
    expect([roles([follower]), beacons.length]).toEqual([['leader'], 1]);
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

  test('that keeps no storage has its name as long as it lives', async () => {
    const tab = browser.tab();
    open({ platform: { ...tab.platform, storage: undefined } });
    await browser.pass(0);
    const before = ids();
    tab.page?.suspend();
    await browser.pass(0);
    tab.page?.resume();
    await browser.pass(0);
    expect(ids()).toEqual(before);
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
    expect(follower).toMatchObject({ heard: [1, 3], gaps: [{ channel: '*', reason: 'epoch' }] });
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
