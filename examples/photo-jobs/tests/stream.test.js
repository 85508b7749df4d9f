// One connection a tab, whatever the page does with its hooks and whatever is done to the tab.

import assert from 'node:assert/strict';
import { until } from '../../../e2e/harness/until.js';
import { isLive, photoTest, WAYS } from './harness/fixture.js';
import { choose, gallery, photo } from './harness/photos.js';

const HOT_RELOADS = 5;
const CHANNELS = ['jobs', 'pending-changes'];
const WITH_PANEL = ['$hub/stats', ...CHANNELS, 'storage'];

photoTest('StrictMode mounts twice, and opens once', { via: 'vite' }, async ({ server, open }) => {
  await open();
  const [{ channels }] = await server.connections();
  assert.deepEqual(channels.toSorted(), CHANNELS);
  assert.equal((await server.stats()).connections.opened_total, 1);
});

photoTest(
  'a panel that is opened later adds its channels to the live stream; closed, it takes them away',
  { via: 'vite' },
  async ({ server, open }) => {
    const page = await open();
    const [{ id }] = await server.connections();
    const panel = page.getByRole('button', { name: 'Storage and stream' });

    await panel.click();
    await hasChannels(server, id, WITH_PANEL);
    await page.locator('#stored', { hasText: '0 photos in 0 folders' }).waitFor();
    await page.locator('#streams', { hasText: /^1$/ }).waitFor();
    await choose(page, [await photo(page, 'beach.jpg', 300, 200)]);
    await page.locator('#stored', { hasText: '1 photo in 1 folder' }).waitFor();

    // The last user of `storage` goes; of `jobs` and `pending-changes` others are left.
    await panel.click();
    await hasChannels(server, id, CHANNELS);
    await panel.click();
    await hasChannels(server, id, WITH_PANEL);
    assert.equal((await server.stats()).connections.opened_total, 1, 'all of it on one connection');
  },
);

for (const via of WAYS.filter((via) => via !== 'direct')) {
  photoTest(
    `${HOT_RELOADS} hot reloads leave one connection, and no channel behind`,
    { via },
    async ({ server, dev, open }) => {
      const page = await open();
      await page.getByRole('button', { name: 'Storage and stream' }).click();
      const [{ id }] = await server.connections();
      await page.evaluate(() => {
        window.neverReloaded = true;
      });
      for (let edit = 1; edit <= HOT_RELOADS; edit += 1) {
        await dev.edit('web/parts/Panel.tsx', (text) =>
          text.replace(/Storage and stream\w*/, `Storage and stream${edit}`),
        );
        // One by one: of two at once Vite may give the page the one as it was before.
        await page.getByRole('button', { name: `Storage and stream${edit}` }).waitFor();
        const swapped = page.waitForEvent('console', (message) => /hot updated: (?!.*Panel)/.test(message.text()));
        await dev.edit('web/hooks/useJobs.ts', (text) => `${text}\n// ${edit}\n`);
        await swapped;
      }
      assert.equal(await page.evaluate(() => window.neverReloaded), true, 'these were hot reloads, not reloads');
      await hasChannels(server, id, WITH_PANEL);
      await choose(page, [await photo(page, 'beach.jpg', 300, 200)]);
      await gallery(page, 1);
      const rows = page.locator('.job', { hasText: 'beach.jpg' });
      assert.equal(await rows.count(), 1);
      await page.getByRole('button', { name: `Storage and stream${HOT_RELOADS}` }).click();
      await hasChannels(server, id, CHANNELS);
      assert.equal((await server.stats()).connections.opened_total, 1);
    },
  );
}

for (const via of WAYS) {
  photoTest(
    'reloaded five times, left, come back to, closed: never more than is there',
    { via },
    async ({ server, open }) => {
      const page = await open();
      for (let reload = 0; reload < 5; reload += 1) {
        await page.reload();
        // One that is left before it knows its stream has no goodbye to say; behind a proxy its lease must end it.
        await isLive(page);
      }
      await server.settlesAt(1);
      await page.goto('about:blank');
      await server.settlesAt(0);
      await page.goBack({ waitUntil: 'commit' });
      await isLive(page);
      await server.settlesAt(1);
      const others = [await open(), await open(), await open()];
      await server.settlesAt(4);
      for (const other of others) await other.close({ runBeforeUnload: true });
      await server.settlesAt(1);
    },
  );
}

photoTest('a connection that ends is logged with its user, and ends alone', {}, async ({ server, open }) => {
  const [one, other] = [await open(), await open()];
  await server.settlesAt(2);
  await one.close({ runBeforeUnload: true });
  await server.settlesAt(1);
  const line = /client disconnected user=.*photographer.* reason=\S+ total=1/;
  await until(
    () => server.said.some((said) => line.test(said)),
    5_000,
    () => server.said.join('\n'),
  );
  await choose(other, [await photo(other, 'beach.jpg', 300, 200)]);
  await gallery(other, 1);
});

/** The one connection is still that one, and these are its channels. */
async function hasChannels(server, id, channels) {
  const listed = async () => (await server.connections()).map(({ id, channels }) => [id, channels.toSorted().join()]);
  const wished = JSON.stringify([[id, channels.join()]]);
  await until(
    async () => JSON.stringify(await listed()) === wished,
    10_000,
    async () => `${JSON.stringify(await listed())}, not ${wished}`,
  );
}
