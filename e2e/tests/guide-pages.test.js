// docs/guide/plain-page.md and tabs.md: their pages do what the text says of them.

import assert from 'node:assert/strict';
import { browserForFile, hubTest } from '../harness/fixture.js';
import { serveGuide } from '../harness/guide.js';
import { until } from '../harness/until.js';

const windowed = browserForFile();
const DONE = { channel: 'jobs', type: 'job_completed' };

for (const [page, live, waiting] of [
  ['eventsource.html', 'live', 'reconnecting'],
  ['client.html', 'connected', 'reconnecting'],
]) {
  guideTest(`${page}: live, right after a restart, one connection after reloads, none after closing`, async ({ hub, site, context }) => {
    const tab = await open(context, `${site.url}/${page}`, live);
    await hub.publish({ ...DONE, data: { id: 7, status: 'done' } });
    await says(tab, '#jobs li', 'job 7: done');

    await hub.down();
    await says(tab, '#light', waiting);
    await hub.up();
    await hub.publish({ ...DONE, data: { id: 8, status: '<i>done</i>' } });
    await says(tab, '#jobs li', 'job 8: <i>done</i>');
    assert.equal(await tab.locator('#jobs li').count(), 2, 'nothing is told twice');

    for (let time = 0; time < 5; time += 1) await tab.reload({ waitUntil: 'domcontentloaded' });
    await says(tab, '#light', live);
    await hub.settlesAt(1);
    await tab.close();
    await hub.settlesAt(0);
  });

  guideTest(`${page}: a gap loads the page anew`, async ({ hub, site, context }) => {
    const tab = await open(context, `${site.url}/${page}`, live);
    await hub.publish({ ...DONE, data: { id: 7, status: 'done' } });
    await says(tab, '#jobs li', 'job 7: done');
    const loaded = tab.waitForEvent('load');
    await hub.crash();
    await hub.up();
    await loaded;
    await says(tab, '#light', live);
    await hub.settlesAt(1);
  });
}

guideTest('state-first.js: what is loaded and what comes meanwhile make one list, the newer job counts', async ({ hub, site, context }) => {
  const tab = await open(context, `${site.url}/client.html`, 'connected');
  await tab.evaluate(async (url) => {
    // The page's own import map is what resolves the client.
    const { showJobs } = await import('/state-first.js');
    const list = new Promise((resolve) => (window.answer = resolve));
    const client = showJobs({ hub: url, load: () => list, draw: (jobs) => (window.drawn = [...jobs.values()]) });
    await new Promise((resolve) => client.status.subscribe(() => client.status.getSnapshot().status === 'connected' && resolve()));
  }, hub.url);
  await hub.publish({ ...DONE, data: { id: 1, version: 2, status: 'done' } });
  await until(() => tab.evaluate(() => window.drawn?.length === 1), 5_000);
  await tab.evaluate(() => window.answer([{ id: 1, version: 1, status: 'started' }, { id: 2, version: 1, status: 'started' }]));
  await until(() => tab.evaluate(() => window.drawn.length === 2), 5_000);
  assert.deepEqual(await tab.evaluate(() => window.drawn.map(({ id, status }) => `${id} ${status}`)), ['1 done', '2 started']);
});

function guideTest(name, body) {
  hubTest(`guide: ${name}`, {}, windowed(async ({ hub, context }) => {
    const site = await serveGuide(hub.url);
    try {
      await body({ hub, site, context });
    } finally {
      await site.stop();
    }
  }));
}

async function open(context, url, live) {
  const tab = await context.newPage();
  await tab.goto(url);
  await says(tab, '#light', live);
  return tab;
}

async function says(tab, selector, words) {
  await tab.locator(selector, { hasText: words }).last().waitFor();
}
