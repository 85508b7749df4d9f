// The limit of an author's browsers, over both hubs: places are what exists, wherever it is, and no more.

import { assert, browserForFile, SOON_MS, serviceTest } from './fixture.js';

const AT_THE_LIMIT = 3;
const LEASE_MS = 3_000;
const env = { TIDINGS_CLUSTER_LEASE_MS: LEASE_MS };

browserForFile();

serviceTest(
  'over two hubs, one browser too many is told of places at both, and comes in when one leaves',
  { env },
  async ({ scene }) => {
    const pages = await atTheLimit(scene);
    const late = await refused(scene);
    const holders = await late.locator('#refused-by li').allTextContents();
    assert.equal(holders.length, AT_THE_LIMIT);
    for (const hub of ['hub-1', 'hub-2'])
      assert.ok(
        holders.some((line) => line.includes(`at ${hub} `)),
        `${holders}`,
      );
    await pages[0].close();
    await late.locator('#light[data-status=connected]').waitFor();
  },
);

serviceTest(
  'a hub is killed, and its readers with it: their places are free within the lease, with nobody’s help',
  { env },
  async ({ scene, t }) => {
    const pages = await atTheLimit(scene);
    const hubs = await Promise.all(pages.map((page) => scene.hubOf(page)));
    const victim = scene.cluster.hubs[0];
    await victim.down('SIGKILL');
    const from = performance.now();
    // As if their machine had gone down with it: nobody comes back in their names.
    const gone = pages.filter((_, at) => hubs[at] === victim);
    assert.ok(gone.length > 0, 'some of them were there');
    for (const page of gone) await page.context().close();
    for (const _ of gone) {
      const page = await scene.tab(await scene.browser('ann'), { isLive: false });
      await page.locator('#light[data-status=connected]').waitFor({ timeout: LEASE_MS + SOON_MS });
    }
    t.diagnostic(
      `${gone.length} places of the killed hub taken again ${Math.round(performance.now() - from)} ms later`,
    );
    await refused(scene);
    await victim.up();
  },
);

serviceTest('whoever comes back after a hub was killed meets no ghost of theirs', { env }, async ({ scene }) => {
  const pages = await atTheLimit(scene);
  await scene.cluster.hubs[0].down('SIGKILL');
  for (const page of pages) await page.locator('#light[data-status=connected][data-node=hub-2]').waitFor();
  assert.deepEqual(scene.refusals, []);
  await scene.cluster.hubs[0].up();
  for (const page of pages) {
    await page.reload();
    await page.locator('#light[data-status=connected]').waitFor();
  }
  assert.deepEqual(scene.refusals, []);
  await refused(scene);
});

async function atTheLimit(scene) {
  const pages = [];
  for (let number = 0; number < AT_THE_LIMIT; number += 1) pages.push(await scene.tab(await scene.browser('ann')));
  return pages;
}

/** One more browser, which is told that there is no place for it. */
async function refused(scene) {
  const page = await scene.tab(await scene.browser('ann'), { isLive: false });
  await page.locator('#refused').waitFor();
  return page;
}
