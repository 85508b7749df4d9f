// How the pages look: shots for the eye in out/, and what a machine can check of contrast and structure.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { browserForFile, hubTest } from '../harness/fixture.js';

const windowed = browserForFile();
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const OUT = fileURLToPath(new URL('../out/', import.meta.url));
await mkdir(OUT, { recursive: true });

for (const [name, colorScheme, width] of [
  ['light', 'light', 1280],
  ['dark', 'dark', 1280],
  ['narrow-light', 'light', 320],
  ['narrow-dark', 'dark', 320],
  ['wide', 'light', 1920],
]) {
  hubTest(`both pages look right: ${name}`, {}, windowed(async ({ hub, context }) => {
    const leave = new AbortController();
    const live = await context.newPage();
    await live.goto(hub.url);
    await live.locator('#light[data-state=connected]').waitFor();
    await fillHub(hub, leave.signal);
    await live.locator('li.event').nth(4).waitFor();
    await look(live, `live-${name}`, width);

    const monitor = await context.newPage();
    await monitor.goto(`${hub.url}/admin/monitoring`);
    await monitor.locator('tr.is-own').waitFor();
    await monitor.locator('#closed [data-reason]').first().waitFor();
    await look(monitor, `monitor-${name}`, width);
    leave.abort();
  }, { colorScheme, viewport: { width, height: 900 } }));
}

async function look(page, name, width) {
  await page.screenshot({ path: `${OUT}${name}.png`, fullPage: true });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${name}: nothing sticks out sideways`);
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`), []);
}

async function fillHub(hub, signal) {
  for (const query of [
    'type=display&user=kiosk-entrance&channels=show:lobby,alerts',
    'type=display&user=kiosk-canteen&channels=show:canteen,alerts',
    'type=client&user=marta&channels=jobs,pending-changes&client_id=martas-tab-000001',
    'type=client&user=a.very.long.name.that.somebody.chose@example.org&channels=room:1,room:2,room:3,room:4,room:5,room:6',
  ]) {
    await fetch(`${hub.url}/api/sse/stream?${query}`, { signal });
  }
  const gone = new AbortController();
  await fetch(`${hub.url}/api/sse/stream?type=client&user=visitor&channels=jobs`, { signal: gone.signal });
  gone.abort();
  await hub.publish({ channel: 'jobs', type: 'job_started', data: { id: 17, task_type: 'thumbnail', status: 'started' } });
  await hub.publish({ channel: 'pending-changes', type: 'manifest_changed', data: { project_folder: 'summer/2026', timestamp: '2026-11-21T11:47:00Z' } });
  await hub.publish({ channel: 'room:4', type: 'student_checkin', data: { type: 'student_checkin', active_group_id: 123, data: { student_id: 456, student_name: '<b>Ada</b> Lovelace' }, timestamp: '2026-11-21T11:47:02Z' } });
  await hub.publish({ channel: 'logs', data: 'GET /index.html 200 in 3 ms' });
  await hub.publish({ channel: 'jobs', type: 'job_completed', data: { id: 17, task_type: 'thumbnail', status: 'completed' } });
}
