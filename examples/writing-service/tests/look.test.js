// How the page looks: shots for the eye in tests/out, what a machine can check of contrast and structure, and that a
// keyboard is enough.

import { looksOf } from '../../../e2e/harness/look.js';
import { bookIsDone, browserForFile, serviceTest } from './fixture.js';

const looks = await looksOf(new URL('out/', import.meta.url), [
  { name: 'phone', colorScheme: 'light', width: 320, height: 640, searched: true },
  { name: 'light', colorScheme: 'light', width: 1280, height: 800 },
  { name: 'dark', colorScheme: 'dark', width: 1280, height: 800, searched: true },
]);

browserForFile();

const env = { TIDINGS_LIMITS_CONNECTIONS_PER_USER: 1 };
serviceTest('the page looks right in every window', { hubs: 1, env }, async ({ scene }) => {
  const context = await scene.browser('ann', looks.window);
  const page = await scene.tab(context);
  await page.getByLabel('Title').focus();
  await page.keyboard.type('The long way home');
  await page.keyboard.press('Enter');
  const id = await page.locator('.book').getAttribute('data-book');
  await bookIsDone(page, id);
  await looks.take(page, 'desk');
  const late = await scene.tab(await scene.browser('ann', looks.window), { isLive: false });
  await late.locator('#refused').waitFor();
  await looks.take(late, 'refused');
  await page.getByRole('button', { name: 'Be somebody else' }).press('Enter');
  await page.locator('#login').waitFor();
  await looks.take(page, 'login');
});
