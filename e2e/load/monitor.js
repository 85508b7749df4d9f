// The monitor under load: how soon the page answers, what it costs the hub, and whether its number is the kernel's.
// proofs/prove_browser_monitor.js is its full size, tests/monitor-load.test.js its small twin.

import assert from 'node:assert/strict';
import { launch, openWindow } from '../harness/browser.js';
import { Hub } from '../harness/hub.js';
import { until } from '../harness/until.js';
import { startCrowd } from './crowd.js';
import { interact, interactionFigures, observeInteractions } from './interactions.js';
import { cpuSeconds, socketsFrom } from './kernel.js';

const SETTINGS = { TIDINGS_LIMITS_CONNECTIONS_PER_IP: 0, TIDINGS_LIMITS_CONNECTIONS_PER_USER: 0 };
const SETTLES_WITHIN_MS = 20_000;
/** The kernel writes down thousands of sockets for each look. */
const LOOK_EVERY_SECONDS = 2;

/** The figures of one run; throws where a number is wrong. */
export async function measure({ connections, churn, seconds, say = () => {} }) {
  const hub = await Hub.start(SETTINGS);
  const browser = await launch();
  let crowd;
  try {
    // Those that come and go stay for a second, so that about as many as come in one are there.
    const staying = connections - churn;
    say(`opening ${connections} streams`);
    crowd = await startCrowd({ url: hub.url, connections: staying });
    await hub.settlesAt(staying, SETTLES_WITHIN_MS);
    await crowd.churn(churn);
    const churning = performance.now();
    await until(async () => (await hub.active()) >= connections, SETTLES_WITHIN_MS, () => hub.active());
    say('without a monitor');
    const before = await coreShare(hub, () => wait(seconds));
    const { context, finish } = await openWindow(browser, { viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await observeInteractions(page);
    await page.goto(`${hub.url}/admin/monitoring`);
    await page.locator('main tbody tr').first().waitFor();
    say('with one that is looked at');
    const apart = watchNumber(page, hub, crowd);
    const looked = await coreShare(hub, () => wait(seconds));
    const during = await apart.stop();
    say('with one that is used');
    const used = await coreShare(hub, () => interact(page, performance.now() + seconds * 1_000));
    const figures = await interactionFigures(page);
    const { opened, closed } = await crowd.calm();
    const churnedSeconds = (performance.now() - churning) / 1_000;
    await hub.settlesAt(staying + 1, SETTLES_WITHIN_MS);
    const number = await settledNumber(page, staying + 1);
    // Who left is out of the books a moment before its socket is closed.
    const kernel = async () => (await socketsFrom(portOf(hub), crowd.isFrom)) + 1;
    await until(async () => (await kernel()) === number, SETTLES_WITHIN_MS, kernel);
    assert.equal(await page.locator('#balance').getAttribute('data-holds'), 'true');
    const audit = (await page.locator('#audit').innerText()).split(',')[0];
    assert.match(audit, /^Audit (not yet run|mismatch 0)$/);
    await finish();
    await hub.assertBooksBalance();
    return {
      connections,
      churn_a_second: Math.round((opened - staying + closed) / 2 / churnedSeconds),
      ...figures,
      hub_core_percent: { without_monitor: before.percent, looked_at: looked.percent, used: used.percent },
      monitor_costs_core_percent: { looked_at: round(looked.percent - before.percent), used: round(used.percent - before.percent) },
      audit,
      number: { page: number, kernel: number, most_apart_while_changing: during.most, samples: during.samples, reading_ms: during.readingMs },
    };
  } finally {
    await crowd?.end();
    await browser.close();
    await hub.stop();
  }
}

async function coreShare(hub, body) {
  const [from, spent] = [performance.now(), await cpuSeconds(hub.pid)];
  await body();
  const seconds = (performance.now() - from) / 1_000;
  return { seconds, percent: round((100 * ((await cpuSeconds(hub.pid)) - spent)) / seconds) };
}

/**
 * While connections come and go, the page's number is up to a second old, and the kernel's list is not read in one moment:
 * how far they are apart then.
 */
function watchNumber(page, hub, crowd) {
  let going = true;
  const seen = { most: 0, samples: 0, readingMs: 0 };
  const watching = (async () => {
    while (going) {
      const from = performance.now();
      const kernel = (await socketsFrom(portOf(hub), crowd.isFrom)) + 1;
      seen.readingMs = Math.max(seen.readingMs, Math.round(performance.now() - from));
      seen.most = Math.max(seen.most, Math.abs((await shownNumber(page)) - kernel));
      seen.samples += 1;
      await wait(LOOK_EVERY_SECONDS);
    }
  })();
  return {
    async stop() {
      going = false;
      await watching;
      return seen;
    },
  };
}

async function settledNumber(page, expected) {
  await until(async () => (await shownNumber(page)) === expected, SETTLES_WITHIN_MS, () => shownNumber(page));
  return shownNumber(page);
}

async function shownNumber(page) {
  return Number((await page.locator('#count strong').innerText()).replaceAll(',', ''));
}

const portOf = (hub) => Number(new URL(hub.url).port);
const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
const round = (number) => Math.round(number * 10) / 10;
