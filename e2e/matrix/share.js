// Tabs that share one stream, and lose the one that has it while a publisher goes on.

import assert from 'node:assert/strict';
import { HOPS } from '../harness/hops.js';
import { Hub } from '../harness/hub.js';
import { connected, holds } from '../harness/page.js';
import { freeze } from '../harness/plain-browser.js';
import { Publisher } from './publisher.js';

const PUBLISH_EVERY_MS = 40;
/** So much is published and read before the leader goes, and again after. */
const EVENTS = 25;
/** A tab that goes, and can say so or is noticed by the browser itself: the others hear again within this. */
const GONE_MS = 2_000;
/** The client's own default. One that stands still is waited for that long. */
const WATCHDOG_MS = 5_000;

/** `lose(page, boundMs)` may answer what brings the tab back; then it must have everything, too. */
export const LOSSES = {
  closed: { bound: () => GONE_MS, lose: (page) => page.close() },
  crashed: {
    bound: () => GONE_MS,
    async lose(page) {
      const crashed = page.waitForEvent('crash');
      page.goto('chrome://crash').catch(() => {});
      await crashed;
    },
  },
  frozen: { bound: (watchdogMs) => watchdogMs + GONE_MS, lose: freeze },
  hanging: {
    bound: (watchdogMs) => watchdogMs + GONE_MS,
    async lose(page, boundMs) {
      const over = page.evaluate(`for (const from = Date.now(); Date.now() - from < ${boundMs + GONE_MS};);`);
      return () => over;
    },
  },
};

/** Answers a line; throws where an event is lost or comes twice, or the others go without for too long. */
export async function loseLeader({ hop, tabs, loss, browser, watchdogMs = WATCHDOG_MS }) {
  const boundMs = LOSSES[loss].bound(watchdogMs);
  const hub = await Hub.start();
  let way;
  const pages = [];
  try {
    way = await HOPS[hop].start(hub);
    for (let tab = 0; tab < tabs; tab += 1) pages.push(await open(browser, way, watchdogMs));
    await hub.settlesAt(1);
    const publisher = new Publisher(hub, 'jobs', PUBLISH_EVERY_MS);
    await allHear(pages, publisher);
    const leader = await leads(pages);
    const others = pages.filter((page) => page !== leader);
    const at = Date.now();
    const back = await LOSSES[loss].lose(leader, boundMs);
    await allHear(others, publisher);
    await hub.settlesAt(1);
    await back?.();
    const there = back ? pages : others;
    await allHear(there, publisher);
    await publisher.stop();
    for (const page of there) await holds(page, `seen.events.at(-1)?.data === ${publisher.last}`);
    await hub.settlesAt(1);
    assert.notEqual(await leads(there), undefined, 'one of them leads');
    const silentMs = Math.max(...(await Promise.all(others.map((page) => inspect(page, publisher, at)))));
    if (back) await inspect(leader, publisher, at);
    const { opened_total: streams } = (await hub.stats()).connections;
    await hub.assertBooksBalance();
    assert.ok(silentMs <= boundMs, `the others heard nothing for ${silentMs} ms`);
    return { hop, tabs, loss, silentMs, boundMs, streams, events: publisher.accepted.size };
  } finally {
    for (const page of pages) await page.close().catch(() => {});
    await way?.stop();
    await hub.stop();
  }
}

async function open({ context }, way, watchdogMs) {
  const page = await context.newPage();
  const query = new URLSearchParams({ hub: JSON.stringify(way.url), watchdog: watchdogMs });
  await page.goto(`${way.page.replace('client.html', 'shared.html')}?${query}`);
  await connected(page);
  return page;
}

async function allHear(pages, publisher) {
  const target = publisher.last + EVENTS;
  for (const page of pages) await holds(page, `seen.events.at(-1)?.data >= ${target}`);
}

async function leads(pages) {
  const roles = await Promise.all(pages.map((page) => page.evaluate('hub.status.getSnapshot().role')));
  assert.equal(roles.filter((role) => role === 'leader').length, 1, `one leads: ${roles}`);
  return pages[roles.indexOf('leader')];
}

/** Everything, in order, once; answers the longest silence since `at`. */
async function inspect(page, { accepted }, at) {
  const { events, gaps, states } = JSON.parse(await page.evaluate('JSON.stringify(seen)'));
  assert.deepEqual(events.map(({ data }) => data), [...accepted.keys()], 'none lost, none twice, in order');
  assert.deepEqual(gaps, []);
  assert.equal(states.at(-1), 'connected');
  const silences = events.map((event, n) => event.at - (events[n - 1]?.at ?? event.at));
  return Math.max(...silences.filter((_, n) => events[n].at >= at));
}

/** The lines as a Markdown table: tabs and losses down, hops across. */
export function shareTable(lines) {
  const hops = Object.keys(HOPS).filter((hop) => lines.some((line) => line.hop === hop));
  const kinds = [...new Set(lines.map(({ tabs, loss }) => `${tabs} | ${loss}`))];
  const head = ['tabs', 'the leader is', ...hops.map((hop) => HOPS[hop].title), 'bound, ms'];
  const rows = kinds.map((kind) => {
    const of = (hop) => lines.find((line) => line.hop === hop && `${line.tabs} | ${line.loss}` === kind);
    const cells = hops.map((hop) => (of(hop) ? `${of(hop).silentMs} ms, ${of(hop).streams} streams` : ''));
    return [...kind.split(' | '), ...cells, lines.find(({ tabs, loss }) => `${tabs} | ${loss}` === kind).boundMs];
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
