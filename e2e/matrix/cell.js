// One row of the matrix through one hop: a hub of its own, and a record of how many connections it counted, and when.

import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { HOPS } from '../harness/hops.js';
import { Hub } from '../harness/hub.js';
import { connected } from '../harness/page.js';

/** The shortest that the client takes, so that a test can wait for it. The default is 90 s. */
export const LEASE_SECONDS = 3;
/** `cleanup.interval_ms`: how late a broken lease may be noticed. */
const SWEEP_MS = 1_000;
/** What is done at once takes milliseconds; the rest is for a busy machine, a browser that starts or ends among it. */
const AT_ONCE_MS = 5_000;
/** The same where other tests, and compilers, run beside it. */
const AT_ONCE_BESIDE_OTHERS_MS = 15_000;
/** A page loads, or waits as long as the hub asked those whose lease ran out: up to 5 s. */
const RETURN_MS = 5_000;
/** Each further tab is a process more that starts or ends. */
const TAB_MS = 2_000;
/** The count must stay right for so long. */
const STAYS_MS = 500;
/** Who lives must be counted beyond a lease, and a sweep, of silence. */
const OUTLIVES_LEASE_MS = LEASE_SECONDS * 1_000 + SWEEP_MS + 500;
const LOOK_EVERY_MS = 10;

/**
 * Why a count becomes right, and so within what time; and whether a lease may have been what did it.
 *
 * `told`: the page has a last word. Where its beacon is blocked, the socket's end must do, or else the lease.
 * `silent`: it has none; the socket's end, or the lease. `cut`: not even the socket ends: the lease alone.
 * `returns`: a page loads or comes back and is counted once. `returns often`: the same, but after three takeovers in
 * 10 s the hub takes the name for that of two tabs, and where nothing else tells it, the lease must.
 */
export function bound(why, { hop, beacon, thorough, leaseSeconds = LEASE_SECONDS }) {
  const atOnceMs = thorough ? AT_ONCE_MS : AT_ONCE_BESIDE_OTHERS_MS;
  const returnMs = RETURN_MS + atOnceMs;
  const socket = HOPS[hop].passesLeaving;
  const byLease = { ms: leaseSeconds * 1_000 + SWEEP_MS + atOnceMs, byLease: true };
  const atOnce = { ms: atOnceMs, byLease: false };
  switch (why) {
    case 'told':
      return beacon || socket ? atOnce : byLease;
    case 'silent':
      return socket ? atOnce : byLease;
    case 'cut':
      return byLease;
    case 'returns':
      return { ms: returnMs, byLease: false };
    case 'returns often':
      return beacon || socket ? { ms: returnMs, byLease: false } : { ms: returnMs + byLease.ms, byLease: true };
  }
  throw new Error(`no bound for ${why}`);
}

export class Cell {
  lines = [];
  #options;

  /** `thorough`: live pages are watched for longer than their lease. */
  constructor({ hop, beacon, browser, thorough = false }) {
    this.#options = { hop, beacon, thorough };
    this.browser = browser;
  }

  /** Runs the row between the start and the end of its hub, whose books must balance. */
  async run(row) {
    this.hub = await Hub.start();
    try {
      this.hop = await HOPS[this.#options.hop].start(this.hub);
      try {
        await row(this);
        await this.hub.assertBooksBalance();
      } finally {
        for (const page of this.browser.context.pages()) if (page !== this.browser.idle) await page.close();
        await this.hop.stop();
      }
    } finally {
      await this.hub.stop();
    }
    return this.lines;
  }

  address(more = {}, page = 'client') {
    const query = new URLSearchParams({ hub: JSON.stringify(this.hop.url), lease: LEASE_SECONDS, ...more });
    if (!this.#options.beacon) query.set('beacon', '0');
    return `${this.hop.page.replace('client.html', `${page}.html`)}?${query}`;
  }

  /** A page whose stream is open. */
  async open(more, which) {
    const page = await this.browser.context.newPage();
    await page.goto(this.address(more, which));
    await connected(page);
    return page;
  }

  /** Does `act`, and waits until the hub counts `expected` and stays with it. A count that is wrong for too long is a line, too. */
  async line(what, expected, why, act, { leaseSeconds, tabs = 1 } = {}) {
    const { hub } = this;
    const { ms, byLease } = bound(why, { ...this.#options, leaseSeconds });
    const boundMs = ms + (tabs - 1) * TAB_MS;
    const stays = this.#options.thorough && !this.#options.beacon && expected > 0 ? OUTLIVES_LEASE_MS : STAYS_MS;
    const before = (await hub.stats()).connections;
    const from = performance.now();
    const seen = { rightSince: null, active: null, most: before.active };
    let over = false;
    const watched = watch(hub, expected, seen, () => over);
    try {
      await Promise.race([act(), watched]);
      const right = () => seen.rightSince !== null && performance.now() - seen.rightSince >= stays;
      while (!right() && performance.now() < from + boundMs + stays) await pause();
    } finally {
      over = true;
      await watched;
    }
    const { connections } = await hub.stats();
    const tookMs = seen.rightSince === null ? null : Math.max(0, seen.rightSince - from);
    const ended = Object.entries(connections.closed_total).filter(([reason, count]) => count > (before.closed_total[reason] ?? 0));
    const leftToLease = !byLease && ended.some(([reason]) => reason === 'lease');
    this.lines.push({
      what,
      ...this.#options,
      expected,
      seen: seen.active,
      tooMany: seen.most > Math.max(before.active, expected) ? seen.most : null,
      boundMs,
      tookMs,
      leftToLease,
      held: tookMs !== null && tookMs <= boundMs && !leftToLease,
      ended: ended.map(([reason, count]) => `${count - (before.closed_total[reason] ?? 0)} ${reason}`),
    });
  }
}

export function wrong({ expected, seen, tookMs, boundMs, leftToLease }) {
  if (tookMs === null) return `${seen}, not ${expected}, after ${boundMs} ms`;
  return `${seen} ${leftToLease ? 'by the lease alone' : 'only'} after ${Math.round(tookMs)} ms`;
}

export function assertHeld(line) {
  assert.ok(line.held, `${line.what}: ${wrong(line)}`);
}

async function watch(hub, expected, seen, over) {
  while (!over()) {
    const at = performance.now();
    const active = await hub.active();
    if (active !== expected) seen.rightSince = null;
    else seen.rightSince ??= at;
    seen.active = active;
    seen.most = Math.max(seen.most, active);
    await pause();
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
