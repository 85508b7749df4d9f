// The page as the binary serves it: nothing inline, nothing from elsewhere; and strings that want to be more than text.

import assert from 'node:assert/strict';
import { browserForFile, hubTest } from '../harness/fixture.js';
import { crowd, focusIsOn, openMonitor, row } from '../harness/monitor.js';

const windowed = browserForFile();

hubTest('the page and its files are served as they should be', {}, async ({ hub }) => {
  const index = await fetch(`${hub.url}/admin/monitoring`);
  const html = await index.text();
  assert.equal(index.headers.get('cache-control'), 'no-cache');
  const policy = index.headers.get('content-security-policy');
  for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"]) {
    assert.ok(policy.includes(rule), policy);
  }
  assert.ok(!policy.includes('unsafe'), policy);
  assert.equal(index.headers.get('x-content-type-options'), 'nosniff');
  const again = await fetch(`${hub.url}/admin/monitoring`, { headers: { 'If-None-Match': `"other", ${index.headers.get('etag')}` } });
  assert.equal(again.status, 304);
  const files = [...html.matchAll(/(?:src|href)="\.\/(monitoring\/app-[^"]+)"/g)].map(([, path]) => path);
  assert.equal(files.length, 2, html);
  for (const path of files) {
    const packed = await fetch(`${hub.url}/admin/${path}`, { headers: { 'Accept-Encoding': 'gzip' } });
    const plain = await fetch(`${hub.url}/admin/${path}`, { headers: { 'Accept-Encoding': 'identity' } });
    assert.equal(packed.headers.get('content-encoding'), 'gzip');
    assert.equal(plain.headers.get('content-encoding'), null);
    assert.equal(packed.headers.get('vary'), 'accept-encoding, origin');
    assert.equal(packed.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.equal(packed.headers.get('content-security-policy'), policy);
    assert.equal(await packed.text(), await plain.text());
  }
  const slash = await fetch(`${hub.url}/admin/monitoring/`, { redirect: 'manual' });
  assert.equal(slash.status, 308);
  assert.equal(new URL(slash.headers.get('location'), slash.url).pathname, '/admin/monitoring');
});

hubTest('it asks nobody but the hub that served it', {}, windowed(async (given) => {
  const asked = new Set();
  given.context.on('request', (request) => asked.add(new URL(request.url()).origin));
  const page = await openMonitor(given);
  for (const view of ['Recently closed', 'Channels', 'Users', 'Nodes']) {
    await page.getByRole('link', { name: view }).click();
    await page.getByRole('heading', { name: view, level: 2 }).waitFor();
  }
  assert.deepEqual([...asked].filter((origin) => origin !== 'null'), [given.hub.url]);
}));

const HOSTILE = '<img src=x onerror=print()>\u202egnp.exe\u200b';
const SEEN = '<img src=x onerror=';

hubTest('a hostile name is text, shows what it hides, and harms nothing', {}, windowed(async (given) => {
  const { hub } = given;
  const people = crowd(hub);
  const name = encodeURIComponent(HOSTILE);
  await people.come(`user=${name}&type=${name}&channels=${name}&client_id=${name}`);
  await hub.publish({ channel: HOSTILE, type: HOSTILE, data: { [HOSTILE]: HOSTILE, '</script>': '\u0000' } });
  const page = await openMonitor(given);
  const own = row(page, SEEN);
  await own.waitFor();
  const title = await own.locator('bdi').first().getAttribute('title');
  assert.ok(title.includes('\\u{202e}gnp.exe\\u{200b}'), title);
  await own.getByRole('button').click();
  await page.getByRole('dialog').getByText('\\u{202e}gnp.exe\\u{200b}').first().waitFor();
  await page.keyboard.press('Escape');
  for (const view of ['Channels', 'Users', 'Recently closed']) {
    await page.getByRole('link', { name: view }).click();
    await page.getByRole('heading', { name: view, level: 2 }).waitFor();
    if (view !== 'Recently closed') await row(page, SEEN).waitFor();
  }
  await page.goto(`${hub.url}/admin/monitoring#channels?channel=${name}`);
  await page.getByRole('dialog').getByRole('status').filter({ hasText: /^Live$/ }).waitFor();
  await hub.publish({ channel: HOSTILE, type: HOSTILE, data: { [HOSTILE]: '</script>' } });
  await page.locator('.lines li').first().waitFor();
  assert.equal(await page.locator('main img, dialog img').count(), 0);
  assert.match(await page.title(), /Tidings$/);
  const text = await page.evaluate(() => document.body.textContent);
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single characters that must not be there
  assert.ok(!/[\u202a-\u202e\u2066-\u2069\u200b\u0000]/.test(text), 'nothing that turns or hides');
  await people.leave();
}));

hubTest('a name of a thousand bytes is cut, and none breaks the page', {}, windowed(async (given) => {
  const people = crowd(given.hub);
  await people.come(`user=${'W'.repeat(255)}&type=${'M'.repeat(255)}&channels=${'Q'.repeat(255)}`);
  await people.come(`user=${encodeURIComponent('🏳️‍🌈'.repeat(15))}&channels=lobby`);
  const page = await openMonitor(given);
  await row(page, 'WWWWW').waitFor();
  assert.ok((await row(page, 'WWWWW').boundingBox()).height < 60);
  await page.setViewportSize({ width: 320, height: 800 });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320);
  await people.leave();
}));

hubTest('the colours are the system’s until they are chosen, and the choice is kept', {}, windowed(async (given) => {
  const page = await openMonitor(given);
  const light = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const system = await light();
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await light();
  assert.notEqual(dark, system);
  await page.getByRole('button', { name: 'Colours: system. Change to light' }).click();
  await page.getByRole('button', { name: 'Colours: light. Change to dark' }).waitFor();
  assert.equal(await light(), system);
  await page.reload();
  await page.getByRole('button', { name: 'Colours: light. Change to dark' }).waitFor();
  assert.equal(await light(), system);
  await page.getByRole('button', { name: 'Colours: light' }).press('Enter');
  await page.getByRole('button', { name: 'Colours: dark' }).waitFor();
  assert.equal(await light(), dark);
}));

hubTest('the first key leads past everything to what is listed', {}, windowed(async (given) => {
  const page = await openMonitor(given);
  await page.keyboard.press('Tab');
  await focusIsOn(page, 'Skip to connections');
  await page.keyboard.press('Enter');
  await page.locator('#main:focus').waitFor();
  await page.keyboard.press('Tab');
  await focusIsOn(page, /Hold rows/);
}));
