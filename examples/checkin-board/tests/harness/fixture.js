// What every test stands on: a school of its own, in one of the two ways of running; a browser; and books that balance
// when it is over.

import { after, before, test } from 'node:test';
import { launch, openWindow } from '../../../../e2e/harness/browser.js';
import { PASSWORD, School } from './school.js';
import { tap } from './tap.js';

export { AMIR, BEA, CHIDI, STAFF, WAYS } from './school.js';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** With these tests in each way, too, which have the page and the application on trial and not where the hub is. */
const ALL_WAYS = process.env.CHECKIN_BOARD_WAYS === 'all';

/**
 * With `sameEitherWay` it runs with the hub inside, and beside only in `npm run ways`.
 *
 * `body({ school, open, window })`: `open(login)` is a page with that user's board, live, in a window of its own. Its
 * `console` has what it said there.
 */
export function boardTest(name, { way = 'embedded', sameEitherWay = false, settings, window: options }, body) {
  if (sameEitherWay && way !== 'embedded' && !ALL_WAYS) return;
  test(`${name} [${way}]`, { timeout: 180_000 }, async () => {
    const school = await School.start(way, settings);
    const windows = [];
    const open = async (login, { before, live = true } = {}) => {
      const { context, finish } = await openWindow(browser, options);
      windows.push(finish);
      await context.addInitScript(tap);
      const page = await context.newPage();
      page.said = [];
      page.on('console', (message) => message.text().startsWith('check-in board:') && page.said.push(message.text()));
      await before?.(page);
      await page.goto(school.url);
      await signIn(page, login);
      if (live) await isLive(page);
      return page;
    };
    const shut = () => Promise.all(windows.splice(0).map((finish) => finish()));
    try {
      await body({ school, open });
      await shut();
      await school.assertBooksAreClosed();
    } finally {
      await shut().catch(() => {});
      await school.stop();
    }
  });
}

export async function signIn(page, login, password = PASSWORD) {
  await page.getByLabel('Name').fill(login);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export const isLive = (page) => page.locator('[data-status=connected]').waitFor();

export const room = (page, name) => page.locator(`.room[data-room="${name}"]`);
export const student = (page, where, { name }) => room(page, where).locator(`[data-student="${name}"]`);
export const isThere = (page, where, who) => student(page, where, who).waitFor();
export const isGone = (page, where, who) => student(page, where, who).waitFor({ state: 'detached' });

/** What `setOffline` leaves open: the stream itself. An operator ends it, and the page can't come back yet. */
export async function cut(page, school) {
  const [{ id }] = await school.connections();
  await school.operate(`connections/${id}`, 'DELETE', { reconnect: true });
  await page.locator('[data-status=reconnecting]').waitFor();
}
