// The client in a real browser, directly and behind a proxy that swallows goodbyes. What is counted is the hub's word.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Hub } from './harness/hub.js';
import { launch, NO_BROWSER, Pages } from './harness/pages.js';
import { until } from './harness/until.js';

let browser: Browser;
let context: BrowserContext;
let hub: Hub;
let pages: Pages;

describe.skipIf(NO_BROWSER).each(['directly', 'behind a proxy that swallows goodbyes'])('%s', (way) => {
  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(() => browser.close());

  beforeEach(async () => {
    hub = await Hub.start();
    pages = new Pages(() => hub.url);
    await pages.start();
    context = await browser.newContext();
  });

  afterEach(async () => {
    await context.close();
    // What a closed browser leaves behind the proxy is for the lease to end, and not waited for here.
    pages.forget();
    await hub.stop();
    await pages.stop();
  });

  const address = () => `${pages.url}?hub=${way === 'directly' ? encodeURIComponent(hub.url) : ''}`;

  async function opened(query = ''): Promise<Page> {
    const page = await context.newPage();
    await page.goto(address() + query);
    await connected(page);
    return page;
  }

  const connected = (page: Page) => page.waitForFunction('window.hub?.status.getSnapshot().status === "connected"');
  const ids = async () => (await hub.connections()).map(({ client_id }) => client_id);

  /** The page lives: what is published now arrives, once. */
  async function hears(page: Page, number: number): Promise<void> {
    await hub.publish('jobs', number);
    await page.waitForFunction(`events.includes(${number})`);
    expect(await page.evaluate(`events.filter((one) => one === ${number}).length`)).toBe(1);
  }

  test('reloaded five times it is one connection, of one client', async () => {
    const page = await opened();
    const before = await ids();
    for (let times = 1; times <= 5; times += 1) {
      await page.reload();
      await connected(page);
      await hub.settlesAt(1);
      expect(await ids()).toEqual(before);
    }
    await hears(page, 1);
  });

  test('a closed tab is none', async () => {
    const page = await opened();
    await page.close();
    await hub.settlesAt(0);
  });

  test('left for another page and back from the cache, it is none and one, and has missed nothing', async () => {
    const page = await opened();
    await hears(page, 1);
    await page.evaluate('window.kept = true');
    await page.goto('about:blank');
    await hub.settlesAt(0);
    await hub.publish('jobs', 2);
    await page.goBack({ waitUntil: 'commit' });
    await connected(page);
    await hub.settlesAt(1);
    // The very page that was left, not loaded anew.
    expect(await page.evaluate('window.kept')).toBe(true);
    await page.waitForFunction('events.length === 2');
    expect(await page.evaluate('events')).toEqual([1, 2]);
    await hears(page, 3);
  });

  test('told that it is frozen it is none, and thawed one that has missed nothing', async () => {
    const page = await opened();
    await page.evaluate('document.dispatchEvent(new Event("freeze"))');
    await hub.settlesAt(0);
    expect(await page.evaluate('hub.status.getSnapshot().status')).toBe('suspended');
    await hub.publish('jobs', 1);
    await page.evaluate('document.dispatchEvent(new Event("resume"))');
    await page.waitForFunction('events.length === 1');
    await hub.settlesAt(1);
  });

  test('stalled without a word it is none when its lease is over, and goes on having missed nothing', async () => {
    const page = await opened('&lease=3');
    // A request that blocks the page's only thread, as a frozen page's stands still.
    const stalled = page.evaluate(
      '{ const ask = new XMLHttpRequest(); ask.open("GET", "/stall", false); ask.send(); }',
    );
    await hub.settlesAt(0);
    expect((await hub.stats()).connections.closed_total.lease).toBe(1);
    await hub.publish('jobs', 1);
    pages.release();
    await stalled;
    await page.waitForFunction('events.length === 1');
    await hub.settlesAt(1);
  });

  test('a tab that was opened with a copy of its storage is a client of its own', async () => {
    const page = await opened();
    const [copy] = await Promise.all([context.waitForEvent('page'), page.evaluate('void window.open(location.href)')]);
    await connected(copy);
    await hub.settlesAt(2);
    expect(new Set(await ids()).size).toBe(2);
    await hub.publish('jobs', 1);
    for (const tab of [page, copy]) await tab.waitForFunction('events.length === 1');
    await copy.reload();
    await connected(copy);
    await until(async () => new Set(await ids()).size === 2 && (await ids()).length === 2);
  });

  test('over a restart of the hub it comes back, and has missed nothing', async () => {
    const page = await opened();
    await hears(page, 1);
    await hub.down();
    await page.waitForFunction('hub.status.getSnapshot().status === "reconnecting"');
    await hub.up();
    await hub.publish('jobs', 2);
    await page.waitForFunction('events.length === 2');
    await hub.settlesAt(1);
  });

  test('closed by the application it is none, and a component that comes and goes is one', async () => {
    const page = await opened();
    await page.evaluate('for (let at = 0; at < 50; at += 1) { hub.subscribe("jobs", () => {})(); }');
    await hears(page, 1);
    await hub.settlesAt(1);
    expect((await hub.stats()).connections.opened_total).toBe(1);
    await page.evaluate('hub.close()');
    await hub.settlesAt(0);
  });
});
