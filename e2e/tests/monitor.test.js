// One tab is one connection (the kiosk's story): whatever the tab does, and whatever stands in between.

import assert from 'node:assert/strict';
import { browserForFile, hubTest, proxyTest } from '../harness/fixture.js';
import { crowd, openMonitor, tells, tellsOne } from '../harness/monitor.js';
import { until } from '../harness/until.js';

const windowed = browserForFile();
/** The client's. */
const LEASE_MS = 90_000;

for (const [where, anyTest] of [
  ['directly', hubTest],
  ['behind a proxy that swallows goodbyes', proxyTest],
]) {
  const open = async (given) => {
    const page = await openMonitor({ ...given, base: given.proxy?.url });
    await tellsOne(page);
    return page;
  };

  anyTest(`a monitor counts itself and nothing else, ${where}`, {}, windowed(async (given) => {
    const page = await open(given);
    await page.locator('tbody tr', { hasText: 'this monitor' }).waitFor();
    const [only] = await given.hub.connections();
    assert.equal(only.type, 'admin');
    assert.equal((await given.hub.stats()).connections.by_type.admin, 1);
  }));

  anyTest(`a reloaded tab is one connection, ${where}`, {}, windowed(async (given) => {
    const page = await open(given);
    await page.reload();
    await tellsOne(page);
    assert.equal(await given.hub.active(), 1);
  }));

  anyTest(`a tab reloaded five times in a row is one connection, ${where}`, {}, windowed(async (given) => {
    const page = await open(given);
    for (let time = 0; time < 5; time += 1) await page.reload({ waitUntil: 'domcontentloaded' });
    await tellsOne(page);
    // Whoever goes before its stream has answered can't say goodbye, and after three such in a row a client is taken for
    // two. On a busy machine the last of them goes with its lease.
    await given.hub.settlesAt(1, given.proxy ? LEASE_MS + 5_000 : undefined);
  }));

  anyTest(`away and back is one connection, and none while away, ${where}`, {}, windowed(async (given) => {
    const page = await open(given);
    await page.goto(`${given.proxy?.url ?? given.hub.url}/health`);
    await given.hub.settlesAt(0);
    await page.goBack({ waitUntil: 'commit' });
    await tellsOne(page);
    assert.equal(await given.hub.active(), 1);
  }));

  anyTest(`a closed tab is gone at once, ${where}`, {}, windowed(async (given) => {
    const page = await open(given);
    await page.close();
    await given.hub.settlesAt(0, 2_000);
    const { closed_total: byReason } = (await given.hub.stats()).connections;
    const [reason] = Object.keys(byReason).filter((name) => byReason[name] > 0);
    // The socket's end and the beacon race, except where the proxy keeps the socket's end to itself.
    const possible = anyTest === proxyTest ? ['disconnected'] : ['disconnected', 'client_left'];
    assert.ok(possible.includes(reason), reason);
  }));
}

hubTest('a second tab is a second connection, though it was copied from the first', {}, windowed(async (given) => {
  const page = await openMonitor(given);
  await tellsOne(page);
  // `window.open` copies sessionStorage, and with it the client's id. With `noopener` it would not.
  const [twin] = await Promise.all([given.context.waitForEvent('page'), page.evaluate(() => void open(location.href))]);
  await tells(twin, /^2, this monitor among them$/);
  await tells(page, /^2, this monitor among them$/);
  const clients = (await given.hub.connections()).map(({ client_id: id }) => id);
  assert.equal(new Set(clients).size, 2);
  await twin.close();
  await tellsOne(page);
}));

hubTest('a curl that comes and goes is counted, and the balance line says how', {}, windowed(async (given) => {
  const page = await openMonitor(given);
  await tellsOne(page);
  const curl = given.hub.shell('exec curl -sN "$HUB/api/sse/stream?channels=lobby&user=curl"');
  await tells(page, /^2, this monitor among them$/);
  await page.locator('tbody tr', { hasText: 'curl' }).waitFor();
  await curl.end();
  await tellsOne(page);
  const { opened_total: opened } = (await given.hub.stats()).connections;
  await page.locator('#balance', { hasText: `${opened} opened − ${opened - 1} closed = 1 open` }).waitFor();
}));

hubTest('an audit that has not run yet claims nothing', {}, windowed(async (given) => {
  const page = await openMonitor(given);
  // The first one runs after a minute; the run under load reads what it found.
  await page.locator('#audit[data-holds=unknown]', { hasText: 'Audit not yet run' }).waitFor();
}));

hubTest('the monitor says so when its figures are old, and recovers', {}, windowed(async (given) => {
  const page = await openMonitor(given);
  await tellsOne(page);
  await given.hub.down();
  await page.locator('.light[data-state=reconnecting]', { hasText: 'Reconnecting' }).waitFor();
  await page.locator('.light', { hasText: 'Figures from' }).waitFor();
  await given.hub.up();
  await page.locator('.light[data-state=connected]', { hasText: 'Live' }).waitFor();
  await tellsOne(page);
  await page.locator('tbody tr', { hasText: 'this monitor' }).waitFor();
}));

hubTest('a tab about to be frozen lets its stream go, and takes it up again', {}, windowed(async (given) => {
  const page = await openMonitor(given);
  await tellsOne(page);
  // A headless page is always visible, and Chromium freezes hidden ones only: the event stands for it.
  await page.evaluate(() => document.dispatchEvent(new Event('freeze')));
  await page.locator('.light[data-state=suspended]').waitFor();
  await given.hub.settlesAt(0);
  await page.evaluate(() => document.dispatchEvent(new Event('resume')));
  await tellsOne(page);
}));

hubTest('a monitor that nobody looks at reads no rows and asks for nothing', {}, windowed(async (given) => {
  const page = await openMonitor(given);
  await page.locator('tbody tr', { hasText: 'this monitor' }).waitFor();
  const channels = async () => (await given.hub.connections())[0].channels;
  const asked = [];
  // The hub may act on it before this process is told of it: what is asked counts from the answer on.
  const left = page.waitForResponse((answer) => answer.url().endsWith('/api/sse/subscriptions'));
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { get: () => window.away, configurable: true });
    window.away = true;
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await left;
  await until(async () => (await channels()).join() === '$hub/stats', 5_000, async () => (await channels()).join());
  page.on('request', (request) => asked.push(request.url()));
  // The headline's number goes on: it stands in the tab's title.
  const people = crowd(given.hub);
  await people.come('channels=lobby&user=kiosk', 'kiosk');
  await page.waitForFunction(() => document.title.startsWith('2 open'));
  assert.deepEqual(asked, []);
  await page.evaluate(() => {
    window.away = false;
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.locator('tbody tr', { hasText: 'kiosk' }).waitFor();
  await people.leave();
}));
