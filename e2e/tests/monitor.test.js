// One tab is one connection (the kiosk's story): whatever the tab does, and whatever stands in between.

import assert from 'node:assert/strict';
import { browserForFile, hubTest, proxyTest } from '../harness/fixture.js';

const windowed = browserForFile();

for (const [where, anyTest, base] of [
  ['directly', hubTest, ({ hub }) => hub.url],
  ['behind a proxy that swallows goodbyes', proxyTest, ({ proxy }) => proxy.url],
]) {
  anyTest(`a monitor counts itself and nothing else, ${where}`, {}, windowed(async (given) => {
    await openMonitor(given, base);
    const [only] = await given.hub.connections();
    assert.equal(only.type, 'admin');
    assert.equal((await given.hub.stats()).connections.by_type.admin, 1);
  }));

  anyTest(`a reloaded tab is one connection, ${where}`, {}, windowed(async (given) => {
    const page = await openMonitor(given, base);
    await page.reload();
    await tellsOne(page);
    assert.equal(await given.hub.active(), 1);
  }));

  anyTest(`a tab reloaded five times in a row is one connection, ${where}`, {}, windowed(async (given) => {
    const page = await openMonitor(given, base);
    for (let time = 0; time < 5; time += 1) await page.reload({ waitUntil: 'domcontentloaded' });
    await tellsOne(page);
    await given.hub.settlesAt(1);
  }));

  anyTest(`away and back is one connection, and none while away, ${where}`, {}, windowed(async (given) => {
    const page = await openMonitor(given, base);
    await page.goto(`${base(given)}/health`);
    await given.hub.settlesAt(0);
    await page.goBack({ waitUntil: 'commit' });
    await tellsOne(page);
    assert.equal(await given.hub.active(), 1);
  }));

  anyTest(`a closed tab is gone at once, ${where}`, {}, windowed(async (given) => {
    const page = await openMonitor(given, base);
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
  const page = await openMonitor(given, ({ hub }) => hub.url);
  // `window.open` copies sessionStorage, and with it the client's id.
  const [twin] = await Promise.all([given.context.waitForEvent('page'), page.evaluate(() => void open(location.href))]);
  await tells(twin, /^2, this monitor among them$/);
  await tells(page, /^2, this monitor among them$/);
  const clients = (await given.hub.connections()).map(({ client_id: id }) => id);
  assert.equal(new Set(clients).size, 2);
  await twin.close();
  await tellsOne(page);
}));

hubTest('the monitor shows who is there, why they left, and sends them away', {}, windowed(async (given) => {
  const page = await openMonitor(given, ({ hub }) => hub.url);
  const leave = new AbortController();
  const stream = await fetch(`${given.hub.url}/api/sse/stream?channels=lobby&type=display&user=kiosk-7`, { signal: leave.signal });
  const row = page.locator('tr[data-state=open]', { hasText: 'kiosk-7' });
  await row.waitFor();
  assert.match(await row.innerText(), /display/);
  assert.match(await row.innerText(), /lobby/);
  await row.getByRole('button', { name: 'Kick' }).click();
  await row.getByRole('button', { name: 'Sure?' }).click();
  await readToEnd(stream);
  await page.locator('#closed [data-reason=kicked]', { hasText: 'kiosk-7' }).waitFor();
  await tellsOne(page);
  assert.equal(await given.hub.closedTotal('kicked'), 1);
  leave.abort();
}));

hubTest('a row stays where it is when the one above it ends', {}, windowed(async (given) => {
  const page = await openMonitor(given, ({ hub }) => hub.url);
  const leave = new AbortController();
  for (const [user, signal] of [['first', leave.signal], ['second', AbortSignal.timeout(60_000)]]) {
    await fetch(`${given.hub.url}/api/sse/stream?channels=lobby&user=${user}`, { signal });
    await page.locator('tr[data-state=open]', { hasText: user }).waitFor();
  }
  const second = page.locator('tr', { hasText: 'second' });
  await second.hover();
  const { y: before } = await second.boundingBox();
  leave.abort();
  await page.locator('tr[data-state=closed]', { hasText: 'first' }).waitFor();
  assert.equal((await second.boundingBox()).y, before);
}));

hubTest('the monitor says so when its figures are old, and recovers', {}, windowed(async (given) => {
  const page = await openMonitor(given, ({ hub }) => hub.url);
  await given.hub.down();
  await page.locator('#problem', { hasText: 'old' }).waitFor();
  await page.locator('#light[data-state=waiting]').waitFor();
  await given.hub.up();
  await tellsOne(page);
  await page.locator('#problem').waitFor({ state: 'hidden' });
}));

hubTest('a tab about to be frozen lets its stream go, and takes it up again', {}, windowed(async (given) => {
  const page = await openMonitor(given, ({ hub }) => hub.url);
  // A headless page is always visible, and Chromium freezes hidden ones only: the event stands for it.
  await page.evaluate(() => document.dispatchEvent(new Event('freeze')));
  await page.locator('#light[data-state=paused]').waitFor();
  await given.hub.settlesAt(0);
  await page.evaluate(() => document.dispatchEvent(new Event('resume')));
  await tellsOne(page);
}));

hubTest('a monitor that nobody looks at asks for nothing', {}, windowed(async (given) => {
  const page = await openMonitor(given, ({ hub }) => hub.url);
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { get: () => window.away, configurable: true });
    window.away = true;
  });
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.waitForTimeout(2_500);
  assert.deepEqual(asked.slice(2), [], 'but for the question that was under way');
  const answer = page.waitForResponse(/stats/);
  await page.evaluate(() => {
    window.away = false;
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await answer;
}));

async function openMonitor(given, base) {
  const page = await given.context.newPage();
  await page.goto(`${base(given)}/admin/monitoring`);
  await tellsOne(page);
  return page;
}

async function tellsOne(page) {
  await tells(page, /^1, this monitor$/);
  await page.locator('#balance[data-holds=true]').waitFor();
  await page.locator('tr.is-own[data-state=open]').waitFor();
}

async function tells(page, words) {
  await page.locator('#count', { hasText: words }).waitFor();
}

async function readToEnd(response) {
  for await (const _chunk of response.body);
}
