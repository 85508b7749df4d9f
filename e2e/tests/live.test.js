// The page `/`: what is published is there, all of it, as text.

import assert from 'node:assert/strict';
import { browserForFile, hubTest } from '../harness/fixture.js';

const windowed = browserForFile();
const HOSTILE = [
  '<img src=x onerror="window.pwned=1">',
  '</pre><script>window.pwned=1</script>',
  '"><svg/onload=window.pwned=1>',
  'javascript:window.pwned=1',
  '\u202Etxt.exe',
];

hubTest('an event published over HTTP appears, whatever its type', {}, windowed(async ({ hub, context }) => {
  const page = await openLive(context, hub);
  await hub.publish({ channel: 'jobs', type: 'a_type_nobody_announced', data: { id: 41 } });
  const row = page.locator('li.event', { hasText: 'a_type_nobody_announced' });
  await row.waitFor();
  assert.match(await row.innerText(), /jobs/);
  assert.match(await row.innerText(), /\{"id":41\}/);
  await hub.publish({ channel: 'jobs', data: 'no type at all' });
  await page.locator('li.event', { hasText: 'no type at all' }).waitFor();
}));

hubTest('the publish box publishes, and says what is wrong with what is not JSON', {}, windowed(async ({ hub, context }) => {
  const page = await openLive(context, hub);
  await page.getByLabel('Channel', { exact: true }).fill("it's:1");
  await page.getByLabel('Type').fill('note');
  await page.getByLabel('Data').fill('{"n": 12345678901234567890,}');
  await page.locator('#data-error', { hasText: 'Not JSON' }).waitFor();
  await page.getByRole('button', { name: 'Publish' }).click();
  assert.equal((await hub.stats()).events.published_total, 0);
  await page.getByLabel('Data').fill('{"n": 12345678901234567890}');
  await page.getByLabel('Data').press('Control+Enter');
  await page.locator('#publish-result[data-good=true]', { hasText: '1 recipient' }).waitFor();
  await page.locator('li.event', { hasText: '12345678901234567890' }).waitFor();
  assert.match(await page.locator('#curl-publish').innerText(), /it'\\''s:1/);
  await page.getByLabel('Type').fill('connected');
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.locator('#publish-result[data-good=false]', { hasText: '400' }).waitFor();
}));

hubTest('an orderly restart in between loses nothing', {}, windowed(async ({ hub, context }) => {
  const page = await openLive(context, hub);
  await hub.publish({ channel: 'jobs', type: 'before', data: 0 });
  await page.locator('li.event').waitFor();
  await hub.down();
  await page.locator('#light[data-state=waiting]').waitFor();
  await hub.up();
  // The page has not come back yet, or has only just: what is published now is replayed or live, never lost.
  for (let n = 1; n <= 50; n += 1) await hub.publish({ channel: 'jobs', type: 'after', data: n });
  await page.locator('#light[data-state=connected]').waitFor();
  await page.locator('li.event pre', { hasText: /^50$/ }).waitFor();
  const seen = await page.locator('li.event pre').allInnerTexts();
  assert.deepEqual(seen.map(Number).reverse(), Array.from({ length: 51 }, (_, n) => n), 'in order, none missing, none twice');
  assert.equal(await page.locator('li.gap').count(), 0);
}));

hubTest('after a crash the page shows the gap', {}, windowed(async ({ hub, context }) => {
  const page = await openLive(context, hub, '?channels=jobs');
  await hub.publish({ channel: 'jobs', type: 'before', data: 0 });
  await page.locator('li.event').waitFor();
  await hub.crash();
  await hub.up();
  await page.locator('li.gap', { hasText: 'jobs' }).waitFor();
  await hub.publish({ channel: 'jobs', type: 'after', data: 'live again' });
  await page.locator('li.event', { hasText: 'live again' }).waitFor();
}));

hubTest("the browser's own EventSource misses nothing over a restart either", {}, windowed(async ({ hub, context }) => {
  const page = await openLive(context, hub);
  await page.evaluate(() => {
    window.got = [];
    window.source = new EventSource('/api/sse/stream?channels=jobs&client_id=a-native-event-source');
    window.source.addEventListener('n', (event) => window.got.push(JSON.parse(event.data)));
    return new Promise((resolve) => window.source.addEventListener('connected', resolve, { once: true }));
  });
  await hub.publish({ channel: 'jobs', type: 'n', data: 1 });
  await page.waitForFunction(() => window.got.length === 1);
  await hub.down();
  await hub.up();
  for (let n = 2; n <= 20; n += 1) await hub.publish({ channel: 'jobs', type: 'n', data: n });
  await page.waitForFunction(() => window.got.length >= 20);
  assert.deepEqual(await page.evaluate(() => window.got), Array.from({ length: 20 }, (_, n) => n + 1));
}));

hubTest('what strangers write is shown as text', {}, windowed(async ({ hub, context }) => {
  const page = await openLive(context, hub);
  for (const text of HOSTILE) {
    await hub.publish({ channel: text, type: text, data: { [text]: text } });
    await page.locator('li.event bdi').filter({ hasText: text }).first().waitFor();
  }
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.equal(await page.locator('main img, main script, li svg').count(), 0);
}));

hubTest('a page in the back-forward cache holds no stream, and goes on where it was', {}, windowed(async ({ hub, context }) => {
  const page = await openLive(context, hub);
  await hub.publish({ channel: 'jobs', type: 'n', data: 'before' });
  await page.locator('li.event', { hasText: 'before' }).waitFor();
  await page.goto(`${hub.url}/health`);
  await hub.settlesAt(0);
  await hub.publish({ channel: 'jobs', type: 'n', data: 'while away' });
  await page.goBack({ waitUntil: 'commit' });
  await page.locator('#light[data-state=connected]').waitFor();
  await hub.publish({ channel: 'jobs', type: 'n', data: 'after' });
  await page.locator('li.event', { hasText: 'after' }).waitFor();
  const restored = await page.evaluate(() => performance.getEntriesByType('navigation')[0].type === 'navigate');
  if (restored) await page.locator('li.event', { hasText: 'while away' }).waitFor();
  assert.equal(await hub.active(), 1);
}));

async function openLive(context, hub, query = '') {
  const page = await context.newPage();
  await page.goto(`${hub.url}/${query}`);
  await page.locator('#light[data-state=connected]').waitFor();
  return page;
}
