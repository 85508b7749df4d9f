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

  test('go on when the leader closes, at once, under the same name, and no beacon ends their stream', async () => {
    const [leader, ...rest] = await opened(4);
    const [before] = ids();
    await publish(1);
    leader?.client.close();
    await publish(2);
    expect(roles(rest)).toEqual(['leader', 'follower', 'follower']);
    expect([ids(), beacons]).toEqual([[before], []]);
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
    expect([hub.connections(), beacons.length]).toEqual([[], 1]);
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
