// The node: a sweep, a drain that counts down, and the summary of the shutdown before.

import assert from 'node:assert/strict';
import { browserForFile, hubTest } from '../harness/fixture.js';
import { crowd, openMonitor, tells, tellsOne } from '../harness/monitor.js';
import { until } from '../harness/until.js';

const windowed = browserForFile();

hubTest('a sweep says what it found', {}, windowed(async (given) => {
  const page = await openMonitor(given, '#nodes');
  await page.getByRole('button', { name: 'Sweep now' }).click();
  await page.getByText('Nothing was stale.').waitFor();
}));

hubTest('a drain is asked for twice, counts down, and says when it is over', { TIDINGS_DRAIN_WINDOW_MS: 4_000 }, windowed(async (given) => {
  const { hub } = given;
  const people = crowd(hub);
  for (let at = 0; at < 20; at += 1) await people.come(`user=user-${at}&channels=lobby`);
  const page = await openMonitor(given, '#nodes');
  await tells(page, /^21, this monitor among them$/);
  await page.getByRole('button', { name: 'Drain this node…' }).press('Enter');
  await page.getByRole('dialog', { name: 'Drain this node?' }).getByText('ends 21 connections').waitFor();
  await page.keyboard.press('Escape');
  assert.equal((await hub.stats()).phase, 'serving');
  await page.getByRole('button', { name: 'Drain this node…' }).click();
  await page.getByRole('button', { name: 'Drain now' }).click();
  const timer = page.getByRole('timer');
  await page.waitForFunction(() => /s left/.test(document.activeElement.textContent) && document.activeElement !== document.body);
  await timer.filter({ hasText: /^[1-4] s left$/ }).waitFor();
  const shown = Number((await timer.innerText()).split(' ')[0]);
  await until(async () => Number((await timer.innerText()).split(' ')[0]) < shown, 5_000, () => timer.innerText());
  // Its own stream is ended too: from then on it asks.
  await timer.filter({ hasText: 'Drained' }).waitFor();
  await tells(page, /^0$/);
  await page.getByRole('link', { name: 'Connections' }).click();
  await page.getByText('This node is draining.').waitFor();
  // The table as well: its own stream tells it nothing any more.
  await page.getByText('Nobody is connected.').waitFor();
  await people.leave();
}));

hubTest('a table that was shown when the drain began follows it to the end', { TIDINGS_DRAIN_WINDOW_MS: 1_000 }, windowed(async (given) => {
  const { hub } = given;
  const people = crowd(hub);
  for (let at = 0; at < 5; at += 1) await people.come(`user=user-${at}&channels=lobby`);
  const page = await openMonitor(given);
  await page.getByText('All 6').waitFor();
  await fetch(`${hub.url}/api/sse/drain`, { method: 'POST' });
  await page.getByText('Nobody is connected.').waitFor();
  await people.leave();
}));

hubTest('when a node started does not move while the hub is away', {}, windowed(async (given) => {
  const page = await openMonitor(given, '#nodes');
  const started = page.locator('.facts div', { hasText: 'Started' }).getByRole('time');
  const told = await started.innerText();
  await given.hub.down();
  await page.locator('.light', { hasText: 'Figures from' }).waitFor();
  assert.equal(await started.innerText(), told);
  await given.hub.up();
  await tellsOne(page);
}));

hubTest('the shutdown before this start is told', {}, windowed(async (given) => {
  const { hub } = given;
  const page = await openMonitor(given, '#nodes');
  await page.getByText('None to tell of').waitFor();
  const people = crowd(hub);
  for (let at = 0; at < 3; at += 1) await people.come(`user=user-${at}&channels=lobby`);
  await hub.down();
  await hub.up();
  await page.getByText('Complete: nobody was left').waitFor();
  await tellsOne(page);
  const facts = await page.locator('section', { hasText: 'Last shutdown' }).last().innerText();
  assert.match(facts, /Connections before\s+4/);
  await people.leave();
}));
