// How the page looks: shots for the eye in out/, and what a machine can check; and that it can be used by keyboard alone.

import assert from 'node:assert/strict';
import { looksOf } from '../../../e2e/harness/look.js';
import { photoTest } from './harness/fixture.js';
import { choose, gallery, photo } from './harness/photos.js';

const looks = await looksOf(new URL('../out/', import.meta.url), [
  { name: 'phone-dark', colorScheme: 'dark', width: 320, searched: true },
  { name: 'phone-light', colorScheme: 'light', width: 390 },
  { name: 'light', colorScheme: 'light', width: 1280, searched: true },
  { name: 'dark', colorScheme: 'dark', width: 1280 },
  { name: 'wide', colorScheme: 'light', width: 2200 },
]);

photoTest(
  'it looks right in every window',
  { window: looks.window, env: { PHOTO_JOBS_STEP_PAUSE_MS: '20' } },
  async ({ server, open }) => {
    const page = await open();
    await looks.take(page, 'empty');
    const broken = {
      name: 'cut short by a full card.jpg',
      mimeType: 'image/jpeg',
      buffer: Buffer.from([0xff, 0xd8, 0xff, 0xe0, ...Array(40).fill(0)]),
    };
    const names = [
      'beach.jpg',
      'a very long name of a photo that somebody chose.jpg',
      'hill.jpg',
      'lake.jpg',
      'tent.jpg',
    ];
    const files = await Promise.all(names.map((name, n) => photo(page, name, 800 + n * 90, 600)));
    await choose(page, [...files, broken, { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('?') }]);
    await gallery(page, names.length);
    await gallery(page, 1, 'failed');
    await page.getByRole('button', { name: 'Storage and stream' }).click();
    await page.locator('#streams', { hasText: /^1$/ }).waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll('.gallery img')].every(({ complete }) => complete));
    await looks.take(page, 'full');
    await page.getByRole('button', { name: 'Open beach.jpg' }).click();
    await page.locator('dialog img').waitFor();
    await looks.take(page, 'viewer');
    await page.getByRole('button', { name: 'Close', exact: true }).last().click();
    await server.down();
    await page.locator('[data-status=reconnecting]').waitFor();
    await looks.take(page, 'away');
    await server.up();
  },
);

photoTest(
  'while jobs run their bars show it',
  { window: looks.window, env: { PHOTO_JOBS_STEP_PAUSE_MS: '600' } },
  async ({ open }) => {
    const page = await open();
    const names = ['one.jpg', 'two.jpg', 'three.jpg', 'four.jpg', 'five.jpg'];
    await choose(page, await Promise.all(names.map((name) => photo(page, name, 600, 400))));
    await page.locator('.job progress[value="2"]').first().waitFor();
    await page.locator('.gallery progress[value="2"]').first().waitFor();
    await looks.take(page, 'working');
  },
);

photoTest('all of it works by keyboard, and by drag and drop', {}, async ({ open }) => {
  const page = await open();
  const press = async (name, key) => {
    await page.getByRole('button', { name, exact: true }).focus();
    await page.keyboard.press(key);
  };
  const chooser = page.waitForEvent('filechooser');
  await press('Choose photos', 'Enter');
  await (await chooser).setFiles([await photo(page, 'beach.jpg', 300, 200)]);
  await gallery(page, 1);
  await press('Open beach.jpg', 'Enter');
  await page.locator('dialog[open] img').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Open beach.jpg');
  await press('Remove beach.jpg', 'Enter');
  await page.getByText('No photos in album yet.').waitFor();
  await press('Storage and stream', 'Space');
  await page.locator('#stored', { hasText: '0 photos' }).waitFor();

  await page.getByLabel('New folder').fill('Autumn 2026');
  await page.keyboard.press('Enter');
  await page.getByText('No photos in autumn-2026 yet.').waitFor();
  const dropped = await photo(page, 'dropped.jpg', 300, 200);
  await page.locator('.drop').evaluate(drop, dropped.buffer.toString('base64'));
  await gallery(page, 1);
  await page.locator('.folders button', { hasText: 'autumn-2026' }).filter({ hasText: '1 photo' }).waitFor();
});

function drop(zone, base64) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], 'dropped.jpg', { type: 'image/jpeg' }));
  for (const type of ['dragover', 'drop'])
    zone.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
}
