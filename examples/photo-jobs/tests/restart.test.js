// The server goes in the middle of the work, and comes back: nothing is missed. By the page's patient backoff the first
// attempt is made 2.5 to 5 s after the loss.

import assert from 'node:assert/strict';
import { until } from '../../../e2e/harness/until.js';
import { photoTest, WAYS } from './harness/fixture.js';
import { choose, gallery, photo } from './harness/photos.js';

// So that a job takes long enough to be cut.
const SLOWLY = { PHOTO_JOBS_STEP_PAUSE_MS: '400' };
const PHOTOS = 6;
const BACK_WITHIN_MS = 30_000;
// The loss is seen a moment after it happened, and a busy machine wakes late.
const EARLY_MS = 500;
const LATE_MS = 2_000;

for (const via of WAYS) {
  photoTest(
    'an orderly restart in the middle of the jobs: nothing is missed',
    { via, env: SLOWLY },
    async ({ server, open }) => {
      const page = await open();
      await choose(page, await photos(page));
      await inTheMiddle(page);

      await server.down();
      await page.locator('[data-status=reconnecting]').waitFor();
      const waits = await page.getByRole('status').innerText();
      assert.match(waits, /^Not live\. (Tries again within (5|10) s|Trying …)$/);
      await server.up();
      await page.locator('[data-status=connected]').waitFor({ timeout: BACK_WITHIN_MS });
      await gallery(page, PHOTOS);
      await page
        .locator('.job[data-status=completed]')
        .nth(PHOTOS - 1)
        .waitFor();

      const { events } = await server.stats();
      assert.equal(events.gaps_total, 0, 'the log was kept, and reaches back');
      assert.ok(events.replayed_total > 0, 'what was told meanwhile came again from the log');
      const heard = await page.locator('[role=log] p').allInnerTexts();
      const wished = Array.from({ length: PHOTOS }, (_, n) => `photo-${n}.jpg is ready`);
      assert.deepEqual(heard.toSorted(), wished, 'each end was heard of, and once');
      assert.equal((await server.stats()).connections.active, 1);
    },
  );
}

photoTest('after a crash the page fetches anew what it can’t know', { env: SLOWLY }, async ({ server, open }) => {
  const page = await open();
  await choose(page, await photos(page));
  await inTheMiddle(page);
  await server.crash();
  await page.locator('[data-status=reconnecting]').waitFor();
  await server.up();
  await page.locator('[data-status=connected]').waitFor({ timeout: BACK_WITHIN_MS });
  await gallery(page, PHOTOS);
  await page
    .locator('.job[data-status=completed]')
    .nth(PHOTOS - 1)
    .waitFor();
  assert.equal(await page.locator('.job').count(), PHOTOS);
});

photoTest('what could not be read before the server went is read when it is back', {}, async ({ server, open }) => {
  const page = await open();
  const manifests = '**/api/folders/album/manifest';
  await page.route(manifests, (route) => route.abort());
  await choose(page, [await photo(page, 'beach.jpg', 300, 200)]);
  await page.getByRole('alert').getByText('The folder can’t be shown').waitFor();
  // All events are there, and what they asked for has failed.
  await page.locator('.job[data-status=completed]').waitFor();
  await page.locator('section[aria-busy=false]').waitFor();
  await page.unroute(manifests);
  await server.down();
  await page.locator('[data-status=reconnecting]').waitFor();
  await server.up();
  await gallery(page, 1);
  await page.getByRole('alert').getByText('The folder can’t be shown').waitFor({ state: 'detached' });
  assert.equal((await server.stats()).events.gaps_total, 0);
});

photoTest('attempts come after 5 s, then 10 s, each between its half and its whole', {}, async ({ server, open }) => {
  const page = await open();
  const attempts = [];
  page.on('request', (request) => request.url().includes('/api/sse/stream') && attempts.push(performance.now()));
  await server.crash();
  await page.locator('[data-status=reconnecting]').waitFor();
  const lost = performance.now();
  await until(
    () => attempts.length === 2,
    BACK_WITHIN_MS,
    () => attempts.join(),
  );
  const waits = [attempts[0] - lost, attempts[1] - attempts[0]];
  for (const [at, step] of [5_000, 10_000].entries()) {
    assert.ok(waits[at] > step / 2 - EARLY_MS && waits[at] < step + LATE_MS, `after ${waits[at]} ms, step ${step}`);
  }
  await server.up();
  await page.getByRole('button', { name: 'Try now' }).click();
  await page.locator('[data-status=connected]').waitFor();
});

photoTest('an upload while the server is away says so, and nothing else breaks', {}, async ({ server, open }) => {
  const page = await open();
  const file = await photo(page, 'beach.jpg', 300, 200);
  await server.down();
  await page.locator('[data-status=reconnecting]').waitFor();
  await choose(page, [file]);
  await page.getByRole('alert').getByText('the server can’t be reached').waitFor();
  await server.up();
  await page.getByRole('button', { name: 'Try now' }).click();
  await page.locator('[data-status=connected]').waitFor();
  await choose(page, [file]);
  await gallery(page, 1);
});

/** All photos are taken in, and their jobs are not done. */
async function inTheMiddle(page) {
  await page
    .locator('.job')
    .nth(PHOTOS - 1)
    .waitFor();
  await page.locator('.job[data-status=running]').first().waitFor();
}

async function photos(page) {
  const names = Array.from({ length: PHOTOS }, (_, n) => `photo-${n}.jpg`);
  return Promise.all(names.map((name, n) => photo(page, name, 300 + n, 200)));
}
