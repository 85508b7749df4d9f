// Channels: a live tail that can be paused and never grows, a test event; and users against their limits.

import assert from 'node:assert/strict';
import { browserForFile, hubTest } from '../harness/fixture.js';
import { crowd, names, openMonitor, row } from '../harness/monitor.js';
import { until } from '../harness/until.js';

const windowed = browserForFile();

hubTest('the channels, with who listens and what is kept', {}, windowed(async (given) => {
  const people = crowd(given.hub);
  await people.come('user=ada&channels=lobby');
  await people.come('user=bea&channels=lobby,aula');
  await given.hub.publish({ channel: 'aula', data: 1 });
  const page = await openMonitor(given, '#channels');
  await until(async () => (await names(page)).join() === 'aula,lobby', 5_000, () => names(page));
  await page.getByRole('columnheader', { name: 'Subscribers' }).getByRole('button').click();
  await until(async () => (await names(page)).join() === 'lobby,aula', 5_000, () => names(page));
  assert.match(await row(page, 'lobby').innerText(), /2/);
  assert.match(await row(page, 'aula').innerText(), /10,000 events/);
  await page.getByLabel('Search').fill('AUL');
  await until(async () => (await names(page)).join() === 'aula', 5_000, () => names(page));
  await page.getByLabel('Search').fill('nothing like it');
  await page.getByText('Nothing matches').waitFor();
  await people.leave();
}));

hubTest('a tail shows what is published, stands still while paused, and goes on', {}, windowed(async (given) => {
  const { hub } = given;
  const page = await openMonitor(given, '#channels?channel=jobs');
  await tailed(hub, 1);
  const lines = page.locator('.lines li');
  await hub.publish({ channel: 'jobs', type: 'started', data: { id: 1 } });
  await lines.getByText('{"id":1}').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  for (let id = 2; id < 5; id += 1) await hub.publish({ channel: 'jobs', data: { id } });
  await page.getByRole('button', { name: 'Go on, 3 wait' }).waitFor();
  assert.equal(await lines.count(), 1);
  await page.getByRole('button', { name: 'Go on' }).press('Enter');
  await lines.getByText('{"id":4}').waitFor();
  assert.equal(await lines.count(), 4);
  assert.match(await lines.first().innerText(), /message\s*\{"id":4\}/);
  await page.keyboard.press('Escape');
  await tailed(hub, 0);
}));

hubTest('a tail says whether it is live, and a name that is no channel ends no stream', {}, windowed(async (given) => {
  const { hub } = given;
  const page = await openMonitor(given, '#channels?channel=jobs');
  const state = page.getByRole('dialog').getByRole('status').first();
  await state.filter({ hasText: /^Live$/ }).waitFor();
  await hub.down();
  await state.filter({ hasText: 'Not live' }).waitFor();
  await hub.up();
  await state.filter({ hasText: /^Live$/ }).waitFor();
  const other = await openMonitor(given, `#channels?channel=${'x'.repeat(300)}`);
  await other.getByRole('dialog').getByText('The hub has no such channel').waitFor();
}));

hubTest('a tail holds two hundred lines, however many come', {}, windowed(async (given) => {
  const { hub } = given;
  const page = await openMonitor(given, '#channels?channel=jobs');
  await tailed(hub, 1);
  const many = Array.from({ length: 700 }, (_, id) => ({ channel: 'jobs', data: { id } }));
  await fetch(`${hub.url}/api/sse/publish`, { method: 'POST', body: JSON.stringify(many) });
  await page.getByText('700 events seen').waitFor();
  await page.locator('.lines li', { hasText: '{"id":699}' }).waitFor();
  assert.equal(await page.locator('.lines li').count(), 200);
  assert.match(await page.locator('.lines li').first().innerText(), /\{"id":699\}/);
}));

hubTest('a test event is checked before it leaves, and arrives to the digit', {}, windowed(async (given) => {
  const { hub } = given;
  const people = crowd(hub);
  await people.come('user=ada&channels=jobs', 'ada');
  const page = await openMonitor(given, '#channels?channel=jobs');
  await tailed(hub, 2);
  const data = page.getByLabel('Data');
  await data.fill('{"id": 7,\n "status" done}');
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByText('at line 2, column 11').waitFor();
  await page.locator('textarea:focus[aria-invalid=true]').waitFor();
  assert.equal((await hub.stats()).events.published_total, 0);
  await data.fill('{"id": 12345678901234567890}');
  await page.getByLabel('Type').fill('job_done');
  await page.getByRole('button', { name: 'Publish' }).press('Enter');
  await page.getByText('Published to 2 streams.').waitFor();
  await page.locator('.lines li', { hasText: 'job_done' }).waitFor();
  await page.getByLabel('Type').fill('connected');
  await page.getByRole('button', { name: 'Publish' }).click();
  // The hub's own words.
  await page.locator('.publish .trouble', { hasText: 'connected' }).waitFor();
  await people.leave('ada');
}));

hubTest('users stand against their limits, in words', { TIDINGS_LIMITS_CONNECTIONS_PER_USER: 4 }, windowed(async (given) => {
  const people = crowd(given.hub);
  for (let tab = 0; tab < 4; tab += 1) await people.come(`user=ada&channels=lobby&n=${tab}`);
  for (let tab = 0; tab < 3; tab += 1) await people.come(`user=bea&channels=lobby&n=${tab}`);
  await people.come('user=cleo&channels=lobby');
  const page = await openMonitor(given, '#users');
  await row(page, 'ada').getByText('at the limit').waitFor();
  await row(page, 'bea').getByText('near the limit').waitFor();
  await row(page, 'cleo').getByText('room left').waitFor();
  await page.getByRole('columnheader', { name: 'User' }).getByRole('button').click();
  await until(async () => (await names(page))[0] < (await names(page))[1], 5_000);
  await row(page, 'ada').getByRole('link').click();
  await until(async () => (await names(page)).join() === 'ada,ada,ada,ada', 5_000, () => names(page));
  await people.leave();
}));

/** Waits until `jobs` has so many subscribers. */
async function tailed(hub, many) {
  const subscribers = async () => {
    const { channels } = await (await fetch(`${hub.url}/api/sse/channels`)).json();
    return channels.find(({ channel }) => channel === 'jobs')?.subscribers ?? 0;
  };
  await until(async () => (await subscribers()) === many, 5_000, async () => `${await subscribers()} on jobs, not ${many}`);
}
