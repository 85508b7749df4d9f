// How the page looks: shots for the eye in out/, and what a machine can check; and that it can be used by keyboard alone.

import assert from 'node:assert/strict';
import { looksOf } from '../../../e2e/harness/look.js';
import { boardTest, CHIDI, isGone, isThere, room, STAFF } from './harness/fixture.js';

const looks = await looksOf(new URL('../out/', import.meta.url), [
  { name: 'phone-dark', colorScheme: 'dark', width: 320, searched: true },
  { name: 'phone-light', colorScheme: 'light', width: 390 },
  { name: 'light', colorScheme: 'light', width: 1280, searched: true },
  { name: 'dark', colorScheme: 'dark', width: 1280 },
  { name: 'wide', colorScheme: 'light', width: 2200 },
]);

boardTest(
  'it looks right in every window',
  { window: looks.window, settings: { attempts_max: 1 } },
  async ({ school, open }) => {
    const office = await school.as('office');
    const page = await open('office', { before: (page) => shotOfLogin(page, school) });
    await page.getByText('You supervise no room now.').waitFor();
    await looks.take(page, 'empty');
    const [art, gym] = [
      await office.start('Art room', 'Painting with water colours'),
      await office.start('Gym', 'Ball games'),
    ];
    await office.add(art, STAFF.ada);
    await office.start('Library', 'Homework club');
    for (let student = 1; student <= 7; student += 1) await office.checkIn(art, student);
    for (let student = 8; student <= 10; student += 1) await office.checkIn(gym, student);
    await room(page, 'Library').waitFor();
    await isThere(page, 'Gym', { name: 'Jonas Becker' });
    await room(page, 'Art room').locator('summary').click();
    await looks.take(page, 'full');
    await school.app.crash();
    await page.locator('[data-status=reconnecting]').waitFor();
    await looks.take(page, 'away');
    await page.locator('[data-status=failed]').waitFor();
    await looks.take(page, 'failed');
    await school.again();
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.locator('[data-status=connected]').waitFor();
  },
);

boardTest('all of it works by keyboard', {}, async ({ school, open }) => {
  const page = await open('ada');
  const press = async (element, key = 'Enter') => {
    await element.focus();
    await page.keyboard.press(key);
  };
  await page.getByLabel('Room', { exact: true }).focus();
  await page.keyboard.type('Gym');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Ball games');
  await page.keyboard.press('Enter');
  await room(page, 'Gym').waitFor();
  await page.getByLabel('Student for Gym').focus();
  await page.keyboard.type('Chidi');
  await press(room(page, 'Gym').getByRole('button', { name: 'Check in' }));
  await isThere(page, 'Gym', CHIDI);
  await press(page.getByRole('button', { name: 'Check out Chidi Okafor' }), 'Space');
  await isGone(page, 'Gym', CHIDI);
  await press(room(page, 'Gym').locator('summary'));
  await press(page.getByRole('button', { name: 'End session' }));
  await page.getByText('You supervise no room now.').waitFor();
  assert.equal((await school.stats()).connections.opened_total, 1);
});

async function shotOfLogin(page, school) {
  await page.goto(school.url);
  await page.getByLabel('Name').waitFor();
  await looks.take(page, 'login');
}
