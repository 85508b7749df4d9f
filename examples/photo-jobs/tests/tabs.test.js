// One connection a tab; and with sharing on, one for all tabs of the browser.

import assert from 'node:assert/strict';
import { until } from '../../../e2e/harness/until.js';
import { isLive, photoTest, WAYS } from './harness/fixture.js';
import { choose, gallery, photo } from './harness/photos.js';

const TABS = 4;

for (const via of WAYS) {
  photoTest(
    `${TABS} tabs that share have one stream; its tab goes, and the others go on`,
    { via },
    async ({ server, open }) => {
      const tabs = [];
      while (tabs.length < TABS) tabs.push(await open());
      await server.settlesAt(TABS);

      // Switched in one of them, live.
      await tabs[0].getByLabel('One stream for all tabs of this browser').check();
      for (const tab of tabs) await tab.getByRole('button', { name: 'Storage and stream' }).click();
      await server.settlesAt(1);
      await until(
        async () => (await roles(tabs)).toSorted().join() === 'follower,follower,follower,leader',
        10_000,
        () => roles(tabs),
      );
      for (const tab of tabs) await tab.locator('#streams', { hasText: /^1$/ }).waitFor();

      const follower = tabs[(await roles(tabs)).indexOf('follower')];
      await choose(follower, [await photo(follower, 'beach.jpg', 600, 400)]);
      for (const tab of tabs) await gallery(tab, 1);

      const [leader] = tabs.splice((await roles(tabs)).indexOf('leader'), 1);
      await leader.close({ runBeforeUnload: true });
      await choose(follower, [await photo(follower, 'hill.jpg', 600, 400)]);
      for (const tab of tabs) {
        await gallery(tab, 2);
        const heard = await tab.locator('[role=log] p').allInnerTexts();
        assert.deepEqual(heard, ['beach.jpg is ready', 'hill.jpg is ready'], 'in each tab each event, once');
      }
      await server.settlesAt(1);

      if (via === 'ghost') return closeOneByOne(server, tabs);
      await tabs[0].getByLabel('One stream for all tabs of this browser').uncheck();
      await server.settlesAt(tabs.length);
    },
  );
}

/**
 * Each that leads hands the stream on, and the last one says goodbye. Whoever goes before it knows its stream has none to
 * say: what a proxy that swallows departures holds on to is then ended by the lease, after 90 s.
 */
async function closeOneByOne(server, tabs) {
  while (tabs.length > 0) {
    const [leader] = tabs.splice((await roles(tabs)).indexOf('leader'), 1);
    const before = await streamOf(leader);
    await leader.close({ runBeforeUnload: true });
    // Who takes over shows the stream of before until it has its own.
    const tookOver = async () => {
      const streams = await Promise.all(tabs.map(streamOf));
      return streams.every((stream) => stream !== before && stream !== 'none');
    };
    await until(tookOver, 10_000, () => roles(tabs));
    for (const tab of tabs) await isLive(tab);
    await server.settlesAt(Math.min(tabs.length, 1));
  }
}

const streamOf = (tab) => tab.locator('#connection code').innerText();

function roles(tabs) {
  return Promise.all(tabs.map((tab) => tab.locator('#connection').getAttribute('data-role')));
}
