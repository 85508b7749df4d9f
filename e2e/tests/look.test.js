// How the pages look: shots for the eye in out/, and what a machine can check of contrast and structure.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { browserForFile, hubTest } from '../harness/fixture.js';
import { crowd, openMonitor } from '../harness/monitor.js';

const windowed = browserForFile();
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const OUT = fileURLToPath(new URL('../out/', import.meta.url));
await mkdir(OUT, { recursive: true });

const SIZES = [
  ['light', 'light', 1440],
  ['dark', 'dark', 1440],
  ['narrow-light', 'light', 320],
  ['narrow-dark', 'dark', 320],
  ['4k', 'light', 3840],
];

for (const [name, colorScheme, width] of SIZES) {
  const screen = { colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce' };
  hubTest(`the live channel looks right: ${name}`, {}, windowed(async ({ hub, context }) => {
    const live = await context.newPage();
    await live.goto(hub.url);
    await live.locator('#light[data-state=connected]').waitFor();
    const people = await filled(hub);
    await live.locator('li.event').nth(4).waitFor();
    await look(live, `live-${name}`, width);
    await people.leave();
  }, screen));

  hubTest(`the monitor looks right in all its views: ${name}`, {}, windowed(async ({ hub, context }) => {
    const people = await filled(hub);
    const page = await openMonitor({ hub, context });
    await page.locator('tbody tr', { hasText: 'this monitor' }).waitFor();
    await look(page, `monitor-connections-${name}`, width);
    await page.getByRole('button', { name: 'kiosk-entrance' }).click();
    await page.getByRole('dialog').getByText('Opened', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Kick…' }).click();
    await look(page, `monitor-connection-${name}`, width);
    await page.keyboard.press('Escape');
    for (const [view, ready] of [
      ['Recently closed', '.histogram li'],
      ['Channels', 'tbody tr'],
      ['Users', 'tbody tr'],
      ['Nodes', '.facts'],
    ]) {
      await page.getByRole('link', { name: view }).click();
      await page.getByRole('heading', { name: view, level: 2 }).waitFor();
      await page.locator(ready).first().waitFor();
      await look(page, `monitor-${view.split(' ').pop().toLowerCase()}-${name}`, width);
    }
    await page.getByRole('button', { name: 'Drain this node…' }).click();
    await look(page, `monitor-drain-${name}`, width);
    await page.keyboard.press('Escape');
    await page.goto(`${hub.url}/admin/monitoring#channels?channel=jobs`);
    await page.getByRole('dialog').waitFor();
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.locator('.lines li').first().waitFor();
    await look(page, `monitor-channel-${name}`, width);
    await page.keyboard.press('Escape');
    await people.leave();
  }, screen));
}

hubTest('a monitor that has lost its hub looks right', {}, windowed(async ({ hub, context }) => {
  const page = await openMonitor({ hub, context });
  await page.locator('tbody tr', { hasText: 'this monitor' }).waitFor();
  await hub.down();
  await page.locator('.light', { hasText: 'Figures from' }).waitFor();
  await look(page, 'monitor-lost', 1280);
  await hub.up();
}));

async function look(page, name, width) {
  await page.screenshot({ path: `${OUT}${name}.png` });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${name}: nothing sticks out sideways`);
  await axe(page);
  const { violations } = await page.evaluate(() => window.axe.run({ rules: { 'target-size': { enabled: true } } }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${name}, ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`), []);
}

async function axe(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
}

/** Who is there on a usual day, who has left, and what was published. */
async function filled(hub) {
  const people = crowd(hub);
  for (const query of [
    'type=display&user=kiosk-entrance&channels=show:lobby,alerts&lease=60',
    'type=display&user=kiosk-canteen&channels=show:canteen,alerts&lease=60',
    'type=client&user=marta&channels=jobs,pending-changes&client_id=martas-tab-000001',
    'type=client&user=a.very.long.name.that.somebody.chose@example.org&channels=room:1,room:2,room:3,room:4,room:5,room:6',
  ]) {
    await people.come(query);
  }
  await people.come('type=client&user=visitor&channels=jobs', 'visitor');
  await people.leave('visitor');
  await hub.publish({ channel: 'jobs', type: 'job_started', data: { id: 17, task_type: 'thumbnail', status: 'started' } });
  await hub.publish({ channel: 'pending-changes', type: 'manifest_changed', data: { project_folder: 'summer/2026', timestamp: '2026-11-21T11:47:00Z' } });
  await hub.publish({ channel: 'room:4', type: 'student_checkin', data: { type: 'student_checkin', active_group_id: 123, data: { student_id: 456, student_name: '<b>Ada</b> Lovelace' }, timestamp: '2026-11-21T11:47:02Z' } });
  await hub.publish({ channel: 'logs', data: 'GET /index.html 200 in 3 ms' });
  await hub.publish({ channel: 'jobs', type: 'job_completed', data: { id: 17, task_type: 'thumbnail', status: 'completed' } });
  return people;
}
