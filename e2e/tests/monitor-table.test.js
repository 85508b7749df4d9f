// The table of connections: what the hub sorts, selects and cuts, told live, and rows that don't jump.

import assert from 'node:assert/strict';
import { browserForFile, hubTest } from '../harness/fixture.js';
import { crowd, focusIsOn, names, openMonitor, row } from '../harness/monitor.js';
import { until } from '../harness/until.js';

const windowed = browserForFile();
const MANY = { TIDINGS_LIMITS_CONNECTIONS_PER_IP: 1_000 };

/** Three displays and the monitor, which came last unless it is opened first. */
function crowded(name, settings, body) {
  hubTest(name, settings, windowed(async (given) => {
    const people = crowd(given.hub);
    try {
      await body({ ...given, people });
    } finally {
      await people.leave();
    }
  }));
}

crowded('what is clicked is sorted by the hub, and the address says so', {}, async ({ hub, context, people }) => {
  for (const user of ['bea', 'cleo', 'ada']) await people.come(`user=${user}&channels=lobby`);
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  await shows(page, ['bea', 'cleo', 'ada']);
  const head = page.getByRole('columnheader', { name: 'User' });
  assert.equal(await head.getAttribute('aria-sort'), 'none');
  await head.getByRole('button').click();
  await shows(page, ['ada', 'bea', 'cleo']);
  assert.equal(await head.getAttribute('aria-sort'), 'ascending');
  await head.getByRole('button').press('Enter');
  await shows(page, ['cleo', 'bea', 'ada']);
  assert.equal(await head.getAttribute('aria-sort'), 'descending');
  assert.equal(new URL(page.url()).hash, '#connections?channel=lobby&sort=-user');
  await page.goBack();
  await shows(page, ['ada', 'bea', 'cleo']);
  await page.reload();
  await shows(page, ['ada', 'bea', 'cleo']);
});

crowded('numbers are sorted from the greatest', {}, async ({ hub, context, people }) => {
  for (const user of ['quiet', 'busy']) await people.come(`user=${user}&channels=lobby,${user}`);
  for (let time = 0; time < 3; time += 1) await hub.publish({ channel: 'busy', data: time });
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  await shows(page, ['quiet', 'busy']);
  await page.getByRole('columnheader', { name: 'Events' }).getByRole('button').click();
  await shows(page, ['busy', 'quiet']);
});

crowded('what is typed selects, once the typing has settled', {}, async ({ hub, context, people }) => {
  await people.come('user=kiosk-lobby&type=display&channels=lobby');
  await people.come('user=kiosk-aula&type=display&channels=aula');
  await people.come('user=marta&type=client&channels=aula');
  const page = await openMonitor({ hub, context });
  await page.getByLabel('Search').fill('KIOSK');
  await shows(page, ['kiosk-lobby', 'kiosk-aula']);
  await page.getByLabel('Channel').fill('aula');
  await shows(page, ['kiosk-aula']);
  assert.equal(new URL(page.url()).hash, '#connections?channel=aula&q=KIOSK');
  await page.getByLabel('Search').fill('');
  await shows(page, ['kiosk-aula', 'marta']);
  await page.getByLabel('Type').selectOption('client');
  await shows(page, ['marta']);
  await page.getByLabel('Channel').fill('nowhere');
  await page.getByText('Nothing matches').waitFor();
});

crowded('rows come and go and count by themselves', {}, async ({ hub, context, people }) => {
  await people.come('user=ada&channels=lobby', 'ada');
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  await shows(page, ['ada']);
  // Nothing is asked for: what follows is pushed.
  const asked = [];
  page.on('request', (request) => request.url().includes('/api/sse/connections') && asked.push(request.url()));
  await people.come('user=bea&channels=lobby', 'bea');
  await shows(page, ['ada', 'bea']);
  for (let time = 0; time < 5; time += 1) await hub.publish({ channel: 'lobby', data: time });
  await until(async () => (await cell(page, 'ada', 'Events')) === '5', 5_000, () => cell(page, 'ada', 'Events'));
  await people.leave('ada');
  await shows(page, ['bea']);
  assert.deepEqual(asked, []);
});

crowded('a row stays under the pointer when the one above it ends', {}, async ({ hub, context, people }) => {
  for (const user of ['first', 'second']) await people.come(`user=${user}&channels=lobby`, user);
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  await shows(page, ['first', 'second']);
  await row(page, 'second').hover();
  const { y: before } = await row(page, 'second').boundingBox();
  await people.leave('first');
  await row(page, 'first').getByText('gone').waitFor();
  // A row is some 30 pixels high; what the layout rounds is less than one.
  const { y: after } = await row(page, 'second').boundingBox();
  assert.ok(Math.abs(after - before) < 1, `${after}, before ${before}`);
  await people.come('user=third&channels=lobby', 'third');
  await page.getByRole('button', { name: '2 changes: show' }).waitFor();
  assert.deepEqual(await names(page), ['first', 'second']);
  await page.mouse.move(5, 5);
  await shows(page, ['second', 'third']);
});

crowded('the tag that says which row is this page’s own is whole', {}, async ({ hub, context }) => {
  const page = await openMonitor({ hub, context });
  // Where the columns have no width to spare.
  await page.setViewportSize({ width: 1_100, height: 620 });
  const [ends, mayEnd] = await page.locator('.tag.own').evaluate((tag) => {
    const cell = tag.closest('td');
    // Beyond the cell's padding it would be cut, and an ellipsis stand for it.
    const padding = Number.parseFloat(getComputedStyle(cell).paddingRight);
    return [tag.getBoundingClientRect().right, cell.getBoundingClientRect().right - padding];
  });
  assert.ok(ends <= mayEnd, `it ends at ${ends}, and may at ${mayEnd}`);
});

crowded('rows wait while one has the focus, until the changes are asked for', {}, async ({ hub, context, people }) => {
  for (const user of ['first', 'second']) await people.come(`user=${user}&channels=lobby`, user);
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  await shows(page, ['first', 'second']);
  await row(page, 'second').getByRole('button').focus();
  await people.leave('first');
  await row(page, 'first').getByText('gone').waitFor();
  await people.come('user=third&channels=lobby', 'third');
  const show = page.getByRole('button', { name: '2 changes: show' });
  await show.waitFor();
  assert.deepEqual(await names(page), ['first', 'second']);
  assert.equal(await focused(page), 'second');
  await show.press('Enter');
  await shows(page, ['second', 'third']);
});

crowded('rows wait while they are held, and their figures go on', {}, async ({ hub, context, people }) => {
  await people.come('user=first&channels=lobby', 'first');
  await people.come('user=second&channels=lobby', 'second');
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  await shows(page, ['first', 'second']);
  const hold = page.getByRole('button', { name: 'Hold rows' });
  await hold.press('Space');
  assert.equal(await page.getByRole('button', { name: 'Held' }).getAttribute('aria-pressed'), 'true');
  await people.leave('first');
  await row(page, 'first').getByText('gone').waitFor();
  await hub.publish({ channel: 'lobby', data: 1 });
  await until(async () => (await cell(page, 'second', 'Events')) === '1', 5_000);
  assert.deepEqual(await names(page), ['first', 'second']);
  await page.getByRole('button', { name: '1 change: show' }).click();
  await shows(page, ['second']);
});

crowded('pages are cut by the hub; the address and the way back know them', MANY, async ({ hub, context, people }) => {
  for (let at = 0; at < 120; at += 1) await people.come(`user=user-${String(at).padStart(3, '0')}&channels=lobby`);
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  await first(page, 'user-000');
  await page.getByText('1–50 of 120').waitFor();
  await page.getByRole('button', { name: 'Next' }).click();
  await first(page, 'user-050');
  await page.getByRole('button', { name: 'Next' }).press('Enter');
  await first(page, 'user-100');
  await page.getByText('101–120 of 120').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Next' }).isDisabled());
  await page.reload();
  await first(page, 'user-100');
  await page.getByRole('button', { name: 'Previous' }).click();
  await first(page, 'user-050');
  await page.goBack();
  await first(page, 'user-100');
  await page.getByRole('button', { name: 'First' }).click();
  await first(page, 'user-000');
});

crowded('a selection too long for a channel’s name is asked for', {}, async ({ hub, context, people }) => {
  const long = 'x'.repeat(240);
  await people.come(`user=${long}&channels=lobby`);
  const page = await openMonitor({ hub, context }, `#connections?user=${long}&channel=lobby`);
  await until(async () => (await names(page)).length === 1, 5_000);
  await people.leave();
  await page.getByText('Nothing matches').waitFor();
});

crowded('an address that the hub refuses is told, and costs the monitor nothing else', {}, async ({ hub, context, people }) => {
  await people.come('user=ada&channels=lobby');
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby&sort=bogus');
  await page.getByRole('alert').filter({ hasText: 'sort is one of' }).waitFor();
  await page.getByRole('columnheader', { name: 'User' }).getByRole('button').click();
  await shows(page, ['ada']);
  await page.goto(`${hub.url}/admin/monitoring#connections?channel=lobby&after=bogus&page=3`);
  await page.reload();
  await page.locator('.light[data-state=connected]').waitFor();
  await page.getByRole('button', { name: 'First' }).click();
  await shows(page, ['ada']);
});

crowded('turned to the last page by keyboard, the focus stays', MANY, async ({ hub, context, people }) => {
  for (let at = 0; at < 60; at += 1) await people.come(`user=user-${at}&channels=lobby`);
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  await page.getByText('1–50 of 60').waitFor();
  await page.getByRole('button', { name: 'Next' }).press('Enter');
  await page.getByText('51–60 of 60').waitFor();
  await focusIsOn(page, /^Next\s*$/);
});

crowded('what is gone grows no older', {}, async ({ hub, context, people }) => {
  for (const user of ['ada', 'bea']) await people.come(`user=${user}&channels=lobby`, user);
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  await page.getByRole('button', { name: 'Hold rows' }).press('Space');
  await people.leave('ada');
  await row(page, 'ada').getByText('gone').waitFor();
  const lasted = await cell(page, 'ada', 'Duration');
  const other = await cell(page, 'bea', 'Duration');
  await until(async () => (await cell(page, 'bea', 'Duration')) !== other, 5_000);
  assert.equal(await cell(page, 'ada', 'Duration'), lasted);
});

async function shows(page, users) {
  await until(async () => (await names(page)).join() === users.join(), 8_000, async () => `${await names(page)}, not ${users}`);
}

async function first(page, user) {
  await until(async () => (await names(page))[0] === user, 8_000, async () => `${(await names(page))[0]}, not ${user}`);
}

function cell(page, user, label) {
  return row(page, user).locator(`td[data-label="${label}"]`).innerText();
}

function focused(page) {
  return page.evaluate(() => document.activeElement.textContent);
}
