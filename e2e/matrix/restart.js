// Pages on every hop, a publisher that does not stop, and a hub that ends under them: once in order, once by SIGKILL.

import assert from 'node:assert/strict';
import { HOPS } from '../harness/hops.js';
import { Hub } from '../harness/hub.js';
import { connected, holds } from '../harness/page.js';
import { Publisher } from './publisher.js';

/** Two hops hide the hub's death, and a page behind them goes by two and a half heartbeats of silence. */
const HEARTBEAT_MS = 1_000;
/** The drain's own hint (1 s), the backoff (1 s at most), HAProxy's look every second; and many pages on few cores. */
const WITHIN_MS = 30_000;
/** Of six connections to a host one is left for the requests beside the streams. */
const PAGES_PER_CONTEXT = 5;
const PUBLISH_EVERY_MS = 20;
/** Published after the last page is back. */
const LIVE_AGAIN = 20;

const STATES = ['idle', 'connecting', 'connected', 'reconnecting', 'connected', 'reconnecting', 'connected'];

/** `count` pages, spread over the hops. Answers a line for each hop; throws where a page is not back or has lost an event. */
export async function restartUnder(count, browser) {
  const hub = await Hub.start({ TIDINGS_STREAM_HEARTBEAT_MS: HEARTBEAT_MS });
  const hops = [];
  const contexts = [];
  try {
    for (const [name, { start }] of Object.entries(HOPS)) hops.push({ name, ...(await start(hub)) });
    const pages = await open(count, hops, browser, contexts);
    await hub.settlesAt(count);
    const publisher = new Publisher(hub, 'jobs', PUBLISH_EVERY_MS);
    const ends = [await end(hub, pages, publisher, 'down')];
    for (const { page } of pages) assert.deepEqual(await page.evaluate('seen.gaps'), [], 'an orderly restart loses nothing');
    ends.push(await end(hub, pages, publisher, 'crash'));
    await publisher.stop();
    for (const { page } of pages) await holds(page, `seen.events.at(-1)?.data === ${publisher.last}`);
    await hub.settlesAt(count);
    for (const found of pages) found.seen = JSON.parse(await found.page.evaluate('JSON.stringify(seen)'));
    const lines = hops.map(({ name }) => inspect(name, pages.filter(({ hop }) => hop === name), publisher, ends));
    for (const context of contexts.splice(0)) await context.close();
    await hub.assertBooksBalance();
    return { lines, accepted: publisher.accepted.size, unknown: publisher.unknown.size };
  } finally {
    for (const context of contexts) await context.close();
    for (const hop of hops) await hop.stop();
    await hub.stop();
  }
}

async function open(count, hops, browser, contexts) {
  const pages = [];
  const rooms = new Map();
  for (let at = 0; at < count; at += 1) {
    const hop = hops[at % hops.length];
    if ((rooms.get(hop)?.pages().length ?? PAGES_PER_CONTEXT) >= PAGES_PER_CONTEXT) {
      rooms.set(hop, await browser.newContext());
      contexts.push(rooms.get(hop));
    }
    const page = await rooms.get(hop).newPage();
    await page.goto(`${hop.page}?${new URLSearchParams({ hub: JSON.stringify(hop.url), refetch: 1 })}`);
    await connected(page);
    pages.push({ hop: hop.name, page });
  }
  return pages;
}

/** Ends the hub, starts it again once every page has noticed, and waits until all have heard something new. */
async function end(hub, pages, publisher, how) {
  const lost = how === 'down' ? 1 : 2;
  const endedAt = Date.now();
  await hub[how]();
  const lastBefore = publisher.last;
  for (const { page } of pages) await holds(page, `seen.states.filter((one) => one === 'reconnecting').length === ${lost}`, WITHIN_MS);
  await hub.up();
  const upAt = Date.now();
  for (const { page } of pages) await holds(page, "seen.states.at(-1) === 'connected'", WITHIN_MS);
  const target = publisher.last + LIVE_AGAIN;
  for (const { page } of pages) await holds(page, `seen.events.at(-1)?.data >= ${target}`);
  return { endedAt, upAt, lastBefore };
}

function inspect(hop, pages, { accepted, unknown }, ends) {
  const line = { hop, pages: pages.length, live: 0, refetched: 0, gaps: 0, lost: 0, noticedMs: [0, 0], backMs: [0, 0] };
  for (const { seen } of pages) {
    assert.deepEqual(seen.states, STATES, `the states of a page, ${HOPS[hop].title}`);
    ends.forEach(({ endedAt, upAt }, at) => {
      line.noticedMs[at] = Math.max(line.noticedMs[at], seen.times[3 + 2 * at] - endedAt);
      line.backMs[at] = Math.max(line.backMs[at], seen.times[4 + 2 * at] - upAt);
    });
    const numbers = seen.events.map(({ data }) => data);
    assert.deepEqual(numbers, [...new Set(numbers)].sort((one, other) => one - other), 'in order, none twice');
    for (const { data, offset } of [...seen.events, ...seen.refetched]) {
      assert.ok(unknown.has(data) || accepted.get(data) === offset, `${data} at ${offset} was published, and there`);
    }
    const missing = missed(seen, accepted);
    // A SIGKILL takes the rings with it: what was accepted a moment before and not yet sent is gone, and the page told so.
    const crashed = ends[1].lastBefore;
    const heard = Math.max(...numbers.filter((number) => number <= crashed));
    const unannounced = missing.filter((number) => number <= heard || number > crashed);
    assert.deepEqual(unannounced, [], 'none missing without a gap');
    assert.deepEqual(seen.gaps, [{ channel: 'jobs', reason: 'epoch' }], 'the crash is told, once');
    line.live += numbers.length;
    line.refetched += seen.refetched.length;
    line.gaps += seen.gaps.length;
    line.lost += missing.length;
  }
  return line;
}

function missed({ events, refetched }, accepted) {
  const had = new Set([...events, ...refetched].map(({ data }) => data));
  return [...accepted.keys()].filter((number) => !had.has(number));
}

/** The lines as a Markdown table. */
export function restartTable(lines) {
  const head = ['hop', 'pages', 'SIGTERM noticed, ms', 'back, ms', 'SIGKILL noticed, ms', 'back, ms', 'events live', 'refetched after the gap', 'gaps told', 'gone with the SIGKILL'];
  const rows = lines.map(({ hop, pages, noticedMs, backMs, live, refetched, gaps, lost }) =>
    [HOPS[hop].title, pages, noticedMs[0], backMs[0], noticedMs[1], backMs[1], live, refetched, gaps, lost]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
