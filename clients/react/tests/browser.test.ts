// The hooks in a real browser, over a real dev server with hot reload. What is counted is the hub's word.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Hub } from '../../js/tests/harness/hub.js';
import { launch, NO_BROWSER } from '../../js/tests/harness/pages.js';
import { until } from '../../js/tests/harness/until.js';
import { type App, app, COUNTERS, client, FILES, jobs, type Left, left } from './harness/app.js';
import { DevServer } from './harness/dev.js';

const RELOADS = 20;
const SEEN_WITHIN_MS = 4_000;

let browser: Browser;
let context: BrowserContext;
let hub: Hub;
let dev: DevServer;
/** Connections that were opened before this test. */
let before: number;
const wrong: string[] = [];

describe.skipIf(NO_BROWSER)('in a browser', () => {
  beforeAll(async () => {
    browser = await launch();
    hub = await Hub.start();
    dev = await DevServer.start(hub.url, FILES);
  });

  afterAll(async () => {
    await browser.close();
    await dev.stop();
    await hub.stop();
  });

  beforeEach(async () => {
    before = (await hub.stats()).connections.opened_total;
    context = await browser.newContext();
    await context.addInitScript(COUNTERS);
    wrong.length = 0;
    context.on('weberror', (error) => wrong.push(String(error.error())));
    context.on('console', (said) => said.type() === 'error' && wrong.push(said.text()));
  });

  afterEach(async () => {
    await context.close();
    await hub.settlesAt(0);
    await hub.assertBooksBalance();
    expect(wrong.filter((text) => !/status of 404/.test(text))).toEqual([]);
  });

  async function opened(app: App = 'owned'): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${dev.url}${app}/index.html`);
    await active(page);
    return page;
  }

  const active = (page: Page) =>
    page.waitForFunction(
      '["jobs", "pending-changes"].every((id) => document.getElementById(id)?.textContent.startsWith("active"))',
    );

  /** The hub's only connection has these channels. */
  async function channels(...expected: string[]): Promise<void> {
    const now = async () => (await hub.connections()).map((one) => [...one.channels].sort().join(' '));
    await until(
      async () => (await now()).join() === expected.sort().join(' '),
      async () => JSON.stringify(await now()),
    );
  }

  /** In this test. */
  const openedTotal = async () => (await hub.stats()).connections.opened_total - before;

  /** What is published now is heard, once. */
  async function hears(page: Page, number: number): Promise<void> {
    await hub.publish('jobs', number);
    await hub.publish('pending-changes', number);
    const of = `heard.filter(([, data]) => data === ${number}).map(([channel]) => channel).sort().join()`;
    await page.waitForFunction(`${of}.includes('jobs,pending-changes') || ${of}.length > 20`);
    expect(await page.evaluate(of)).toBe('jobs,pending-changes');
  }

  /** Nothing is left besides what the first state had. */
  async function as(page: Page, before: Left): Promise<void> {
    await until(
      async () => JSON.stringify(await left(page)) === JSON.stringify(before),
      async () => `${JSON.stringify(await left(page))}, not ${JSON.stringify(before)}`,
    );
  }

  /** Saves a file until the page shows it: a save right after another is one that the watcher may pass over. */
  const saved = (page: Page, file: string, text: string, shown: string) =>
    until(
      async () => {
        await dev.write(file, text);
        return page.waitForFunction(shown, null, { timeout: SEEN_WITHIN_MS }).then(Boolean, () => false);
      },
      undefined,
      5 * SEEN_WITHIN_MS,
    );

  test('StrictMode’s double mount of two hooks is one connection with two channels; closed it is none', async () => {
    const page = await opened();
    await channels('jobs', 'pending-changes');
    await hears(page, 1);
    expect(await openedTotal()).toBe(1);
    await page.close();
    await hub.settlesAt(0);
  });

  test('a hook that comes later adds its channel to the live stream, and the last to go takes it off', async () => {
    const page = await opened();
    await page.evaluate('show({ changes: false })');
    await channels('jobs');
    await page.evaluate('show({ changes: true })');
    await active(page);
    await channels('jobs', 'pending-changes');
    await hears(page, 1);
    expect(await openedTotal()).toBe(1);
  });

  test('50 mounts and unmounts are one connection, then none', async () => {
    const page = await opened();
    const first = await left(page);
    await page.evaluate(
      'for (let at = 0; at < 50; at += 1) { show({ jobs: false, changes: false }); show({ jobs: true, changes: true }); }',
    );
    await active(page);
    await hears(page, 1);
    await channels('jobs', 'pending-changes');
    expect(await openedTotal()).toBe(1);
    await as(page, first);
    await page.evaluate('show({ jobs: false, changes: false })');
    await hub.settlesAt(0);
    await page.evaluate('root.render(null)');
    await as(page, { listeners: 0, timers: 0 });
  });

  test('the whole tree mounted and unmounted 50 times ends at one connection, then none', async () => {
    const page = await opened();
    const first = await left(page);
    await page.evaluate(`(async () => {
      const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      for (let at = 0; at < 50; at += 1) {
        root.render(null);
        await frame();
        mount();
        await frame();
      }
    })()`);
    await active(page);
    await hears(page, 1);
    await hub.settlesAt(1);
    await as(page, first);
    await page.evaluate('root.render(null)');
    await hub.settlesAt(0);
    await as(page, { listeners: 0, timers: 0 });
  });

  test.each<[string, App, string, string, (version: number) => string, boolean]>([
    ['a component', 'owned', 'Jobs.tsx', 'jobs', jobs, true],
    ['the component with the provider', 'owned', 'App.tsx', 'version', app, true],
    ['a module that keeps its client', 'kept', 'client.ts', 'version', (of) => client(of, 'kept'), true],
    ['a module that makes another', 'plainly', 'client.ts', 'version', (of) => client(of, 'plainly'), false],
  ])(
    '20 hot reloads of %s are one connection, and nothing is heard twice or left',
    async (_, folder, file, shownIn, source, kept) => {
      const page = await opened(folder);
      await page.evaluate('window.loadedOnce = true');
      const first = await left(page);
      for (let version = 1; version <= RELOADS; version += 1) {
        await saved(
          page,
          `${folder}/${file}`,
          source(version),
          `document.getElementById('${shownIn}')?.textContent.endsWith('${version}')`,
        );
      }
      await active(page);
      await hears(page, 1);
      expect(await page.evaluate('window.loadedOnce')).toBe(true);
      await hub.settlesAt(1);
      await channels('jobs', 'pending-changes');
      expect(await openedTotal()).toBe(kept ? 1 : RELOADS + 1);
      await as(page, first);
    },
  );

  test('a page that is loaded anew five times is one connection', async () => {
    const page = await opened();
    for (let times = 0; times < 5; times += 1) {
      await page.reload();
      await active(page);
    }
    await hub.settlesAt(1);
    await hears(page, 1);
  });
});
