// How the page looks: shots for the eye in out/, and what a machine can check; and that it can be used by keyboard alone.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { boardTest, CHIDI, isGone, isThere, room, STAFF } from './harness/fixture.js';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const OUT = fileURLToPath(new URL('../out/', import.meta.url));
await mkdir(OUT, { recursive: true });

for (const [name, colorScheme, width] of [
  ['light', 'light', 1280],
  ['dark', 'dark', 1280],
  ['phone-light', 'light', 320],
  ['phone-dark', 'dark', 390],
  ['wide', 'light', 2200],
]) {
  const window = { colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce' };
  boardTest(`it looks right: ${name}`, { window, settings: { attempts_max: 1 } }, async ({ school, open }) => {
    const office = await school.as('office');
    const page = await open('office', { before: (page) => shotOfLogin(page, school, name, width) });
    await page.getByText('You supervise no room now.').waitFor();
    await look(page, `empty-${name}`, width);
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
    await look(page, `full-${name}`, width);
    await school.app.crash();
    await page.locator('[data-status=reconnecting]').waitFor();
    await look(page, `away-${name}`, width);
    await page.locator('[data-status=failed]').waitFor();
    await look(page, `failed-${name}`, width);
    await school.again();
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.locator('[data-status=connected]').waitFor();
  });
}

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

async function shotOfLogin(page, school, name, width) {
  await page.goto(school.url);
  await page.getByLabel('Name').waitFor();
  await look(page, `login-${name}`, width);
}

async function look(page, name, width) {
  await page.screenshot({ path: `${OUT}${name}.png`, fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `${name}: nothing sticks out sideways`);
  // By the debugger's way in: the page's own policy runs no foreign script.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run({ rules: { 'target-size': { enabled: true } } }));
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
    [],
  );
}
