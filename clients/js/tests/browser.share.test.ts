// Several tabs of a real browser on one stream of the real hub: closed, crashed, frozen, hung, left and back. What is
// counted is the hub's word.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Hub } from './harness/hub.js';
import { launch, NO_BROWSER, Pages } from './harness/pages.js';
import { until } from './harness/until.js';

/** What a user may rely on; a machine that does other things as well gets as much again. */
const GOES_ON_WITHIN_MS = 2_000;
const WATCHDOG_MS = 5_000;
const ROOM = 2;

let browser: Browser;
let context: BrowserContext;
let hub: Hub;
let pages: Pages;
let published: number;

describe.skipIf(NO_BROWSER)('tabs that share', () => {
  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(() => browser.close());

  beforeEach(async () => {
    hub = await Hub.start();
    pages = new Pages(() => hub.url);
    await pages.start();
    context = await browser.newContext();
    published = 0;
  });

  afterEach(async () => {
    pages.release();
    await context.close();
    await hub.stop();
    await pages.stop();
  });

  /** Without the hub's own address it goes through a proxy that swallows goodbyes. */
  async function opened(key = 'ada', url = hub.url): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${pages.url}?hub=${encodeURIComponent(url)}&share=${key}`);
    await page.waitForFunction('window.hub?.status.getSnapshot().channels.jobs === "active"');
    return page;
  }

  async function openedMany(count: number): Promise<Page[]> {
    const tabs: Page[] = [];
    for (let at = 0; at < count; at += 1) tabs.push(await opened());
    return tabs;
  }

  const role = (page: Page) => page.evaluate<string>('hub.status.getSnapshot().role');
  const active = async () => (await hub.stats()).connections.active;
  const clientIds = async () => (await hub.connections()).map(({ client_id }) => client_id);

  async function publish(): Promise<void> {
    published += 1;
    await hub.publish('jobs', published);
  }

  const soFar = () => Array.from({ length: published }, (_, at) => at + 1);

  /** How long it takes until each of the tabs has all that was published; each thing once, and in order. */
  async function caughtUp(tabs: Page[], withinMs: number, begun = performance.now()): Promise<number> {
    const behind = async () => {
      const lengths = await Promise.all(tabs.map((page) => page.evaluate<number>('events.length')));
      return lengths.some((length) => length < published);
    };
    await until(async () => !(await behind()), undefined, withinMs * ROOM);
    const took = performance.now() - begun;
    for (const page of tabs) expect(await page.evaluate('events')).toEqual(soFar());
    return took;
  }

  /** What befalls the leader befalls it amid events. */
  async function goesOn(what: string, befall: (leader: Page) => Promise<unknown>, withinMs: number): Promise<Page[]> {
    const [leader, ...rest] = (await openedMany(4)) as [Page, ...Page[]];
    expect([await role(leader), await active()]).toEqual(['leader', 1]);
    const [id] = await clientIds();
    for (let count = 0; count < 5; count += 1) await publish();
    await caughtUp([leader, ...rest], GOES_ON_WITHIN_MS);
    const begun = performance.now();
    const fallen = befall(leader);
    for (let count = 0; count < 20; count += 1) await publish();
    await fallen;
    await publish();
    const took = await caughtUp(rest, withinMs, begun);
    console.log(`leader ${what}: everybody has everything after ${took.toFixed(0)} ms`);
    await hub.settlesAt(1);
    expect(await clientIds()).toEqual([id]);
    for (const page of rest) expect(await page.evaluate('gaps')).toEqual([]);
    return [leader, ...rest];
  }

  test.each([4, 10])('%i tabs are one connection, each with every event', async (count) => {
    const tabs = await openedMany(count);
    expect(await active()).toBe(1);
    for (let at = 0; at < 10; at += 1) await publish();
    await caughtUp(tabs, GOES_ON_WITHIN_MS);
    const { opened_total, refused_total } = (await hub.stats()).connections as never as Record<string, unknown>;
    expect([opened_total, refused_total]).toEqual([1, expect.objectContaining({ limit: 0 })]);
    expect(await Promise.all(tabs.map(role))).toEqual(['leader', ...Array(count - 1).fill('follower')]);
    for (const page of tabs.slice(0, -1)) await page.close();
    await hub.settlesAt(1);
    await publish();
    await caughtUp(tabs.slice(-1), GOES_ON_WITHIN_MS);
    await tabs.at(-1)?.close();
    await hub.settlesAt(0);
  });

  test('the leader closed: the others go on', async () => {
    await goesOn('closed', (leader) => leader.close(), GOES_ON_WITHIN_MS);
  });

  test('the leader reloaded: the others go on, and it is one of them', async () => {
    const [leader] = await goesOn('reloaded', (page) => page.reload(), GOES_ON_WITHIN_MS);
    await leader?.waitForFunction('window.hub?.status.getSnapshot().channels.jobs === "active"');
    await hub.settlesAt(1);
  });

  test('the leader crashed: the others go on', async () => {
    const crash = async (leader: Page) => {
      const gone = leader.waitForEvent('crash');
      const session = await context.newCDPSession(leader);
      session.send('Page.crash').catch(() => {});
      await gone;
    };
    await goesOn('crashed', crash, GOES_ON_WITHIN_MS);
  });

  test('the leader frozen by the browser: the others go on, and thawed it has missed nothing', async () => {
    const frozen = async (leader: Page) => {
      const session = await context.newCDPSession(leader);
      await session.send('Page.setWebLifecycleState', { state: 'frozen' });
      return session;
    };
    let session: Awaited<ReturnType<typeof frozen>> | undefined;
    const tabs = await goesOn(
      'frozen',
      async (leader) => {
        session = await frozen(leader);
      },
      WATCHDOG_MS + GOES_ON_WITHIN_MS,
    );
    await session?.send('Page.setWebLifecycleState', { state: 'active' });
    await publish();
    await caughtUp(tabs, GOES_ON_WITHIN_MS);
    await hub.settlesAt(1);
  });

  test('the leader hung without a word: replaced within the watchdog, and when it comes to it follows', async () => {
    const stalled: Promise<unknown>[] = [];
    const tabs = await goesOn(
      'hung',
      async (leader) => {
        // A request that blocks the page's only thread, as a frozen page's stands still.
        const hangs = pages.stalled();
        stalled.push(
          leader.evaluate('{ const ask = new XMLHttpRequest(); ask.open("GET", "/stall", false); ask.send(); }'),
        );
        await hangs;
      },
      WATCHDOG_MS + GOES_ON_WITHIN_MS,
    );
    pages.release();
    await Promise.all(stalled);
    await publish();
    await caughtUp(tabs, GOES_ON_WITHIN_MS);
    await hub.settlesAt(1);
    // It learns so from the one that took its place.
    await until(async () => (await role(tabs[0] as Page)) === 'follower');
  });

  test('a tab left for another page is kept by the browser, and back it has what it missed', async () => {
    const tabs = (await openedMany(3)) as [Page, Page, Page];
    for (const [at, page] of tabs.entries()) {
      await page.evaluate('window.kept = true');
      await page.goto('about:blank');
      await publish();
      const others = tabs.filter((_, other) => other !== at);
      await caughtUp(others, GOES_ON_WITHIN_MS);
      await page.goBack({ waitUntil: 'commit' });
      await caughtUp(tabs, GOES_ON_WITHIN_MS);
      expect(await page.evaluate('window.kept')).toBe(true);
      await hub.settlesAt(1);
    }
  });

  test('behind a proxy that swallows goodbyes a leader that closes leaves no ghost, nor does the last tab', async () => {
    const tabs: Page[] = [];
    for (let at = 0; at < 3; at += 1) tabs.push(await opened('ada', ''));
    for (let at = 0; at < 2; at += 1) {
      await tabs.shift()?.close();
      await publish();
      await until(async () => (await tabs[0]?.evaluate('events.length')) === published);
      await hub.settlesAt(1);
    }
    await tabs.shift()?.close();
    await hub.settlesAt(0);
  });

  test('tabs of two users have a stream each', async () => {
    await opened('ada');
    await opened('bob');
    await hub.settlesAt(2);
  });

  test('the hub crashed and back: one connection, and everybody is told', async () => {
    const tabs = await openedMany(4);
    await publish();
    await caughtUp(tabs, GOES_ON_WITHIN_MS);
    await hub.crash();
    await hub.up();
    await hub.settlesAt(1);
    await publish();
    await caughtUp(tabs, GOES_ON_WITHIN_MS);
    await hub.settlesAt(1);
    for (const page of tabs) expect(await page.evaluate('gaps')).toEqual(['epoch']);
  });
});
