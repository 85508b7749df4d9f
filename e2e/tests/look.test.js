// How the pages look: shots for the eye in out/, and what a machine can check of contrast and structure.

import { browserForFile, hubTest } from '../harness/fixture.js';
import { looksOf } from '../harness/look.js';
import { crowd, openMonitor } from '../harness/monitor.js';

const windowed = browserForFile();
const looks = await looksOf(new URL('../out/', import.meta.url), [
  { name: 'narrow-dark', colorScheme: 'dark', width: 320, searched: true },
  { name: 'narrow-light', colorScheme: 'light', width: 320 },
  { name: 'light', colorScheme: 'light', width: 1440, searched: true },
  { name: 'dark', colorScheme: 'dark', width: 1440 },
  { name: '4k', colorScheme: 'light', width: 3840 },
]);
/** As much as is seen at once. */
const shot = (page, name) => looks.take(page, name, { fullPage: false });

hubTest('the live channel looks right in every window', {}, windowed(async ({ hub, context }) => {
  const live = await context.newPage();
  await live.goto(hub.url);
  await live.locator('#light[data-state=connected]').waitFor();
  const people = await filled(hub);
  await live.locator('li.event').nth(4).waitFor();
  await shot(live, 'live');
  await people.leave();
}, looks.window));

hubTest('the monitor looks right in all its views, in every window', {}, windowed(async ({ hub, context }) => {
  const people = await filled(hub);
  const page = await openMonitor({ hub, context });
  await page.locator('tbody tr', { hasText: 'this monitor' }).waitFor();
  await shot(page, 'monitor-connections');
  await page.getByRole('button', { name: 'kiosk-entrance' }).click();
  await page.getByRole('dialog').getByText('Opened', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Kick…' }).click();
  await shot(page, 'monitor-connection');
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
    await shot(page, `monitor-${view.split(' ').pop().toLowerCase()}`);
  }
  await page.getByRole('button', { name: 'Drain this node…' }).click();
  await shot(page, 'monitor-drain');
  await page.keyboard.press('Escape');
  await page.goto(`${hub.url}/admin/monitoring#channels?channel=jobs`);
  await page.getByRole('dialog').waitFor();
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.locator('.lines li').first().waitFor();
  await shot(page, 'monitor-channel');
  await page.keyboard.press('Escape');
  await people.leave();
}, looks.window));

hubTest('a monitor that has lost its hub looks right', {}, windowed(async ({ hub, context }) => {
  const page = await openMonitor({ hub, context });
  await page.locator('tbody tr', { hasText: 'this monitor' }).waitFor();
  await hub.down();
  await page.locator('.light', { hasText: 'Figures from' }).waitFor();
  await shot(page, 'monitor-lost');
  await hub.up();
}, looks.window));

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
