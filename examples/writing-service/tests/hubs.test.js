// What becomes of a book's readers when a hub dies, is stopped, or Redis is: with an author who has as many browsers
// open as there may be.

import {
  assert,
  bookIsDone,
  browserForFile,
  metric,
  order,
  refusedByLimit,
  SOON_MS,
  serviceTest,
  told,
  until,
  upTo,
} from './fixture.js';

const CHAPTERS = 12;
const PACE_MS = 150;
const AT_THE_LIMIT = 3;
const LEASE_MS = 3_000;

browserForFile();

for (const [what, signal] of [
  ['killed', 'SIGKILL'],
  ['stopped in good order', 'SIGTERM'],
]) {
  serviceTest(
    `a hub is ${what}: all go on at the other, none misses a chapter, none is refused`,
    { paceMs: PACE_MS, env: { TIDINGS_CLUSTER_LEASE_MS: LEASE_MS } },
    async ({ scene, t }) => {
      const { pages, id } = await atTheLimit(scene);
      const victim = await scene.hubOf(pages[0]);
      const here = (await Promise.all(pages.map((page) => scene.hubOf(page)))).filter((hub) => hub === victim).length;
      await victim.down(signal);
      const from = performance.now();
      const survivor = scene.cluster.hubs.find((hub) => hub !== victim);
      const other = scene.cluster.hubs.indexOf(victim) === 0 ? 'hub-2' : 'hub-1';
      await pages[0].locator(`#light[data-status=connected][data-node=${other}]`).waitFor();
      t.diagnostic(
        `${here} of ${AT_THE_LIMIT} connections were there; back after ${Math.round(performance.now() - from)} ms`,
      );
      await allSawAll(pages, id);
      // Until then a killed hub holds the places of those who go on elsewhere, and whoever leaves there has two.
      await until(
        async () => (await metric(survivor, 'tidings_cluster_nodes')) === 1,
        LEASE_MS + SOON_MS,
        () => 'it counts for longer than its lease',
      );
      await victim.up();
      await comesBack(scene, pages);
      assert.deepEqual(scene.refusals, []);
      for (const hub of scene.cluster.hubs) assert.equal(await refusedByLimit(hub), 0);
    },
  );
}

serviceTest('each hub is restarted in turn while a book is written', { paceMs: PACE_MS }, async ({ scene }) => {
  const { pages, id } = await atTheLimit(scene);
  for (const hub of scene.cluster.hubs) {
    await hub.down();
    await hub.up();
  }
  await allSawAll(pages, id);
  assert.deepEqual(scene.refusals, []);
});

serviceTest(
  'Redis is killed and comes back with its log: nothing is missed',
  { paceMs: PACE_MS },
  async ({ scene }) => {
    const { pages, id } = await atTheLimit(scene);
    await scene.cluster.redis.down('SIGKILL');
    await scene.cluster.redis.up();
    await allSawAll(pages, id);
    await comesBack(scene, pages);
    assert.deepEqual(scene.refusals, []);
  },
);

serviceTest(
  'Redis stands still, until both hubs say so, and goes on: nothing is missed',
  { paceMs: PACE_MS },
  async ({ scene }) => {
    const { pages, id } = await atTheLimit(scene);
    const { redis, hubs } = scene.cluster;
    const statuses = (path) => Promise.all(hubs.map(async ({ url }) => (await fetch(url + path)).status));
    process.kill(redis.pid, 'SIGSTOP');
    try {
      await until(
        async () => (await statuses('/ready')).every((status) => status === 503),
        SOON_MS,
        () => 'they do not notice',
      );
      assert.deepEqual(await statuses('/health'), [200, 200]);
      for (const page of pages) assert.equal(await page.locator('#light').getAttribute('data-status'), 'connected');
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    await allSawAll(pages, id);
    await comesBack(scene, pages);
    assert.deepEqual(scene.refusals, []);
  },
);

serviceTest(
  'Redis comes back empty: every desk has the whole state again, and so has who comes then',
  { paceMs: PACE_MS, keeps: false },
  async ({ scene }) => {
    const { context, pages, id } = await atTheLimit(scene);
    await scene.cluster.redis.down('SIGKILL');
    await scene.cluster.redis.up();
    for (const page of pages) {
      await bookIsDone(page, id);
      assert.equal(await page.locator('.book .chapters li').count(), CHAPTERS);
    }
    await pages[0].close();
    const late = await scene.tab(context);
    await bookIsDone(late, id);
    await comesBack(scene, [late, ...pages.slice(1)]);
    assert.deepEqual(scene.refusals, []);
  },
);

/** An author's browsers, as many as there may be, and a book that is being written. */
async function atTheLimit(scene) {
  const pages = [];
  for (let number = 0; number < AT_THE_LIMIT; number += 1) {
    pages.push(await scene.tab(await scene.browser('ann')));
  }
  const id = await order(pages[0], 'Tides', CHAPTERS);
  for (const page of pages) await page.locator(`#feed li[data-book="${id}"][data-number="3"]`).waitFor();
  return { context: pages[0].context(), pages, id };
}

async function allSawAll(pages, id) {
  for (const [at, page] of pages.entries()) {
    await bookIsDone(page, id);
    assert.deepEqual(await told(page, id), upTo(CHAPTERS), `browser ${at + 1}: each chapter once, in order`);
  }
}

/** Each closes its tab and opens another: none may meet its own ghost. */
async function comesBack(scene, pages) {
  for (const page of pages) {
    const context = page.context();
    await page.close();
    await scene.tab(context);
  }
}
