// Tabs of a simulated browser that share a stream of a fake hub; after each test nothing of them is left.

import { afterEach, beforeEach, expect } from 'vitest';
import { type Client, createClient, type Gap } from '../../src/index.js';
import { shareTabs } from '../../src/share.js';
import { createFakeHub, type FakeHub } from '../../src/testing.js';
import { SimBrowser, type SimTab } from './tabs.js';

export const WATCHDOG_MS = 5_000;

export interface Page {
  readonly tab: SimTab;
  readonly client: Client;
  readonly heard: unknown[];
  readonly gaps: Gap[];
  readonly statuses: string[];
}

export let hub: FakeHub;
export let browser: SimBrowser;
export let beacons: string[];
/** In the order in which they were opened. */
export let pages: Page[];
export let clients: Client[];

beforeEach(() => {
  hub = createFakeHub();
  beacons = [];
  clients = [];
  pages = [];
  browser = new SimBrowser({
    fetch: hub.platform.fetch,
    beacon: (url, body) => {
      beacons.push(url);
      hub.platform.beacon(url, body);
    },
  });
});

afterEach(async () => {
  for (const { tab } of pages) if (tab.hung) tab.thaw();
  for (const client of clients) client.close();
  await browser.pass(0);
  expect([hub.connections().length, browser.timers.size, browser.locks.size, browser.channels.size]).toEqual([
    0, 0, 0, 0,
  ]);
});

export function open(options: object = {}, channel = 'jobs', storage?: Map<string, string>): Page {
  const tab = browser.tab(storage);
  const share = shareTabs({ key: 'ada', watchdogMs: WATCHDOG_MS });
  const client = createClient({
    url: hub.url,
    platform: tab.platform,
    share,
    leaseSeconds: 0,
    lingerMs: 0,
    ...options,
  });
  const page: Page = { tab, client, heard: [], gaps: [], statuses: [] };
  client.status.subscribe(() => page.statuses.push(client.status.getSnapshot().status));
  client.subscribe(channel, ({ data }) => page.heard.push(data), { onGap: (gap) => page.gaps.push(gap) });
  clients.push(client);
  pages.push(page);
  return page;
}

export async function opened(count: number): Promise<Page[]> {
  const many: Page[] = [];
  for (let at = 0; at < count; at += 1) {
    many.push(open());
    await browser.pass(1);
  }
  expect(roles(many)).toEqual(['leader', ...Array(count - 1).fill('follower')]);
  return many;
}

export const snapshot = ({ client }: Page) => client.status.getSnapshot();
export const roles = (some: Page[]) => some.map((page) => snapshot(page).role);
export const ids = () => hub.connections().map(({ clientId }) => clientId);

export async function publish(data: unknown, channel = 'jobs'): Promise<void> {
  hub.publish(channel, data);
  await browser.pass(0);
}
