// docs/guide/react.md: its application, under Vite's dev server with the configuration that the guide shows.

import assert from 'node:assert/strict';
import { browserForFile, hubTest } from '../harness/fixture.js';
import { underVite } from '../harness/guide.js';
import { until } from '../harness/until.js';

const windowed = browserForFile();

hubTest('guide: React under StrictMode behind Vite is one connection, and channels come and go on it', {}, windowed(async ({ hub, context }) => {
  await underVite(hub.url, async (url) => {
    const tab = await context.newPage();
    await tab.goto(url);
    await says(tab, '#light', 'connected');
    await says(tab, '#latest', 'active');
    const [only] = await hub.connections();
    assert.equal(await hub.active(), 1);
    assert.deepEqual([...only.channels].sort(), ['jobs', 'pending-changes']);

    await hub.publish({ channel: 'jobs', type: 'job_completed', data: { id: 7, status: 'done' } });
    await says(tab, '#jobs li', 'job 7: done');
    await hub.publish({ channel: 'pending-changes', type: 'manifest_changed', data: { project_folder: 'summer' } });
    await says(tab, '#latest', 'summer');

    await tab.getByRole('button', { name: 'Hide the list' }).click();
    await hub.settlesAt(1);
    await until(async () => (await hub.connections())[0].channels.join() === 'pending-changes', 5_000);
    assert.equal((await hub.stats()).connections.opened_total, 1);
    await tab.close();
    await hub.settlesAt(0);
  });
}));

hubTest('guide: a hub that dies behind the Vite of the guide is noticed at once', {}, windowed(async ({ hub, context }) => {
  await underVite(hub.url, async (url) => {
    const tab = await context.newPage();
    await tab.goto(url);
    await says(tab, '#light', 'connected');
    await hub.crash();
    await says(tab, '#light', 'reconnecting');
    await hub.up();
    await says(tab, '#light', 'connected');
    await hub.publish({ channel: 'jobs', type: 'job_completed', data: { id: 8, status: 'done' } });
    await says(tab, '#jobs li', 'job 8: done');
    await tab.close();
    await hub.settlesAt(0);
  });
}));

async function says(tab, selector, words) {
  await tab.locator(selector, { hasText: words }).waitFor();
}
