// A user with several tabs, and one with as many browsers as there may be.

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

const AT_THE_LIMIT = 3;
const TABS = 4;

browserForFile();

serviceTest('all tabs of a browser are one connection, and each sees each chapter once', {}, async ({ scene }) => {
  const context = await scene.browser('ann');
  const tabs = [];
  for (let number = 0; number < TABS; number += 1) tabs.push(await scene.tab(context));
  await connections(scene, 1);
  const id = await order(tabs[1], 'The long way home', 5);
  for (const tab of tabs) {
    await bookIsDone(tab, id);
    assert.deepEqual(await told(tab, id), upTo(5));
  }
  // The one that leads goes, and the others go on.
  await tabs[0].close();
  const next = await order(tabs[2], 'Another', 3);
  for (const tab of tabs.slice(1)) {
    await bookIsDone(tab, next);
    assert.deepEqual(await told(tab, next), upTo(3));
  }
  await connections(scene, 1);
  assert.deepEqual(scene.refusals, []);
});

serviceTest(
  'who comes late sees the whole state at once, also in a browser that has a tab already',
  {},
  async ({ scene }) => {
    const first = await scene.browser('ann');
    const tab = await scene.tab(first);
    const id = await order(tab, 'Salt', 4);
    await bookIsDone(tab, id);
    for (const context of [first, await scene.browser('ann')]) {
      const late = await scene.tab(context);
      await bookIsDone(late, id);
      assert.deepEqual(await told(late, id), upTo(4));
      assert.equal(await late.locator('.book .chapters li').count(), 4);
    }
    // Of the book's states the hubs keep the latest alone.
    const states = (await scene.held('ann')).filter(({ type }) => type === 'progress');
    assert.deepEqual(
      states.map(({ data }) => data.phase),
      ['done'],
    );
  },
);

serviceTest('nobody is told of somebody else’s books', {}, async ({ scene }) => {
  const [ann, bob] = [await scene.tab(await scene.browser('ann')), await scene.tab(await scene.browser('bob'))];
  const [hers, his] = [await order(ann, 'Hers', 2), await order(bob, 'His', 2)];
  await bookIsDone(ann, hers);
  await bookIsDone(bob, his);
  assert.equal(await ann.locator('.book').count(), 1);
  assert.equal(await bob.locator('.book').count(), 1);
  assert.equal(await bob.evaluate(() => fetch('/api/sse/history?channel=books:ann').then(({ status }) => status)), 401);
});

serviceTest(
  'one browser too many is told which hold the places, and comes in when one leaves',
  { hubs: 1 },
  async ({ scene }) => {
    const tabs = [];
    for (let number = 0; number < AT_THE_LIMIT; number += 1) tabs.push(await scene.tab(await scene.browser('ann')));
    const late = await scene.tab(await scene.browser('ann'), { isLive: false });
    await late.locator('#refused').waitFor();
    assert.equal(await late.locator('#refused-why').textContent(), 'Places taken: 3 of 3.');
    assert.equal(await late.locator('#refused-by li[data-id]').count(), AT_THE_LIMIT);
    assert.match(await late.locator('#refused-by li').first().textContent(), /since .*, at hub-1 /);
    assert.equal(await late.locator('#light').getAttribute('data-status'), 'reconnecting');

    await tabs[1].close();
    await connections(scene, AT_THE_LIMIT - 1);
    await late.getByRole('button', { name: 'Try now' }).click();
    await late.locator('#light[data-status=connected]').waitFor();
    assert.equal(await late.locator('#refused').isVisible(), false);
    const id = await order(late, 'Four desks', 2);
    for (const tab of [tabs[0], tabs[2], late]) await bookIsDone(tab, id);
  },
);

serviceTest(
  'at the limit, who closes a tab and comes back is let in, time and again',
  { hubs: 1 },
  async ({ scene }) => {
    const contexts = [];
    for (let number = 0; number < AT_THE_LIMIT; number += 1) contexts.push(await scene.browser('ann'));
    const tabs = await Promise.all(contexts.map((context) => scene.tab(context)));
    for (let time = 0; time < 5; time += 1) {
      const at = time % AT_THE_LIMIT;
      if (time % 2 === 0) {
        await tabs[at].close();
        tabs[at] = await scene.tab(contexts[at]);
      } else {
        await tabs[at].reload();
        await tabs[at].locator('#light[data-status=connected]').waitFor();
      }
    }
    await connections(scene, AT_THE_LIMIT);
    assert.deepEqual(scene.refusals, []);
    assert.equal(await refusedByLimit(scene.cluster.hubs[0]), 0);
  },
);

/** Waits until the hubs together have so many, besides the service's own. */
async function connections(scene, count) {
  const open = async () => {
    const each = await Promise.all(scene.cluster.hubs.map((hub) => metric(hub, 'tidings_connections')));
    return each.reduce((sum, one) => sum + one, -1);
  };
  await until(
    async () => (await open()) === count,
    SOON_MS,
    async () => `${await open()} connections, not ${count}`,
  );
}
