// docs/guide/tabs.md: three tabs are one connection, and it changes hands when its tab is closed.

import assert from 'node:assert/strict';
import { browserForFile, hubTest } from '../harness/fixture.js';
import { serveGuide } from '../harness/guide.js';
import { until } from '../harness/until.js';

const windowed = browserForFile();

hubTest('guide: three tabs are one connection, the next leads when the first is closed, nobody misses an event', {}, windowed(
  async ({ hub, context }) => {
    const site = await serveGuide(hub.url);
    try {
      const leader = await open(context, site.url, 'connected, leader');
      const others = [await open(context, site.url, 'connected, follower'), await open(context, site.url, 'connected, follower')];
      await hub.settlesAt(1);
      const publish = (id) => hub.publish({ channel: 'jobs', type: 'job_completed', data: { id, status: 'done' } });
      await publish(1);
      for (const tab of [leader, ...others]) await says(tab, '#jobs li', 'job 1: done');

      await leader.close();
      await publish(2);
      for (const tab of others) await says(tab, '#jobs li', 'job 2: done');
      const lights = () => Promise.all(others.map((tab) => tab.locator('#light').innerText()));
      await until(async () => (await lights()).sort().join() === 'connected, follower,connected, leader', 5_000, lights);
      for (const tab of others) assert.equal(await tab.locator('#jobs li').count(), 2, 'nothing twice');
      await hub.settlesAt(1);
      for (const tab of others) await tab.close();
      await hub.settlesAt(0);
    } finally {
      await site.stop();
    }
  },
));

async function open(context, url, light) {
  const tab = await context.newPage();
  await tab.goto(`${url}/shared.html`);
  await says(tab, '#light', light);
  return tab;
}

async function says(tab, selector, words) {
  await tab.locator(selector, { hasText: words }).waitFor();
}
