// One connection: its timeline, its end by an operator, and what is left of it among those that closed.

import assert from 'node:assert/strict';
import { browserForFile, hubTest } from '../harness/fixture.js';
import { crowd, focusIsOn, names, openMonitor, row } from '../harness/monitor.js';
import { until } from '../harness/until.js';

const windowed = browserForFile();

function crowded(name, body) {
  hubTest(name, {}, windowed(async (given) => {
    const people = crowd(given.hub);
    try {
      await body({ ...given, people });
    } finally {
      await people.leave();
    }
  }));
}

crowded('a drawer keeps the focus, Esc closes it, and the focus goes back to the row', async ({ hub, context, people }) => {
  await people.come('user=ada&channels=lobby&type=display');
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  const opener = row(page, 'ada').getByRole('button');
  await opener.focus();
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog', { name: 'ada' });
  await drawer.getByText('Opened', { exact: true }).waitFor();
  assert.match(await drawer.innerText(), /display/);
  for (let time = 0; time < 12; time += 1) {
    await page.keyboard.press('Tab');
    // The page's own end of the ring is the body: what is behind the drawer never has it.
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null));
  }
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'hidden' });
  await focusIsOn(page, 'ada');
  assert.equal(new URL(page.url()).hash, '#connections?channel=lobby');
});

crowded('a click on a row opens it, and the address leads there again', async ({ hub, context, people }) => {
  await people.come('user=ada&channels=lobby');
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  await row(page, 'ada').locator('td').nth(3).click();
  await page.getByRole('dialog', { name: 'ada' }).waitFor();
  await page.reload();
  await page.getByRole('dialog', { name: 'ada' }).getByText('Opened', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
});

crowded('what happens to a connection is told while the drawer is open', async ({ hub, context, people }) => {
  await people.come('user=ada&channels=lobby', 'ada');
  const page = await openMonitor({ hub, context });
  await row(page, 'ada').getByRole('button').click();
  const timeline = page.getByRole('dialog').locator('.timeline');
  await timeline.getByText('Opened', { exact: true }).waitFor();
  await people.leave('ada');
  await timeline.getByText('Closed: client_left').waitFor();
  await page.getByRole('dialog').locator('.state', { hasText: 'client_left' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Kick…' }).count(), 0);
});

crowded('a kick is asked for twice, and the client is told why and whether it may return', async ({ hub, context, people }) => {
  for (const user of ['ada', 'bea']) await people.come(`user=${user}&channels=lobby&client_id=tab-of-${user}`, user);
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  await row(page, 'ada').getByRole('button').click();
  await page.getByLabel('Reason').fill('a screen is exchanged');
  await page.getByLabel('It may reconnect').check();
  await page.getByRole('button', { name: 'Kick…' }).press('Enter');
  await focusIsOn(page, 'Kick now');
  await page.getByRole('button', { name: 'Keep it' }).click();
  assert.equal(await hub.closedTotal('kicked'), 0);
  await page.getByRole('button', { name: 'Kick…' }).click();
  await page.getByRole('button', { name: 'Kick now' }).click();
  assert.deepEqual(closing(await people.said('ada')), { reason: 'kicked', reconnect: true, detail: 'a screen is exchanged' });
  await page.getByRole('dialog').locator('.state', { hasText: 'kicked' }).waitFor();

  await page.keyboard.press('Escape');
  await row(page, 'bea').getByRole('button').press('Enter');
  await page.getByRole('button', { name: 'Kick…' }).press('Enter');
  await focusIsOn(page, 'Kick now');
  await page.keyboard.press('Enter');
  assert.deepEqual(closing(await people.said('bea')), { reason: 'kicked', reconnect: false, detail: undefined });
  assert.equal(await hub.closedTotal('kicked'), 2);
});

crowded('a kick by keyboard loses the focus neither in the drawer nor when the row is gone', async ({ hub, context, people }) => {
  await people.come('user=ada&channels=lobby', 'ada');
  const page = await openMonitor({ hub, context }, '#connections?channel=lobby');
  await row(page, 'ada').getByRole('button').press('Enter');
  await page.getByRole('button', { name: 'Kick…' }).press('Enter');
  await focusIsOn(page, 'Kick now');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').locator('.state', { hasText: 'kicked' }).waitFor();
  const within = (what) => page.waitForFunction((selector) => document.activeElement.closest(selector), what);
  await within('dialog');
  await page.keyboard.press('Escape');
  await page.getByText('Nothing matches').waitFor();
  await within('main');
});

crowded('those that closed are counted by reason, and a reason selects them', async ({ hub, context, people }) => {
  for (const user of ['ada', 'bea', 'cleo']) await people.come(`user=${user}&channels=lobby`, user);
  const { id } = (await hub.connections()).find(({ user }) => user === 'cleo');
  await fetch(`${hub.url}/api/sse/connections/${id}`, { method: 'DELETE' });
  await people.leave();
  await hub.settlesAt(0);
  const page = await openMonitor({ hub, context }, '#closed');
  const bars = page.locator('.histogram li');
  await until(async () => (await bars.count()) === 2, 5_000);
  assert.match(await bars.first().innerText(), /client_left\s+2\s+66\.7 %\s+the client closed its connection/);
  assert.match(await bars.last().innerText(), /kicked\s+1\s+33\.3 %\s+an operator ended it/);
  await bars.last().getByRole('link').click();
  await until(async () => (await names(page)).join() === 'cleo', 5_000, () => names(page));
  await row(page, 'cleo').getByRole('button').click();
  await page.getByRole('dialog', { name: 'cleo' }).getByText('Closed: kicked').waitFor();
  await page.keyboard.press('Escape');
  await page.getByLabel('Reason').selectOption('');
  await until(async () => (await names(page)).length >= 3, 5_000, () => names(page));
});

crowded('the monitor’s own connection can be kicked, is told so, and returns when asked', async ({ hub, context }) => {
  const page = await openMonitor({ hub, context });
  await row(page, 'this monitor').getByRole('button').click();
  await page.getByText('This is the monitor’s own connection').waitFor();
  await page.getByRole('button', { name: 'Kick…' }).click();
  await page.getByRole('button', { name: 'Kick now' }).click();
  await page.keyboard.press('Escape');
  await page.locator('.light[data-state=failed]', { hasText: 'Given up' }).waitFor();
  await hub.settlesAt(0);
  await page.getByRole('button', { name: 'Connect now' }).click();
  await page.locator('.light[data-state=connected]').waitFor();
  await hub.settlesAt(1);
});

function closing(said) {
  const [, data] = /event: closing\ndata: (.*)\n/.exec(said) ?? [];
  const { reason, reconnect, detail } = JSON.parse(data ?? 'null');
  return { reason, reconnect, detail };
}
