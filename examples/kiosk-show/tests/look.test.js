// How the pages look: shots for the eye in tests/out, what a machine can check of contrast and structure, and that a
// keyboard is enough.

import { browserForFile } from '../../../e2e/harness/fixture.js';
import { looksOf } from '../../../e2e/harness/look.js';
import { assert, kioskTest, says } from './fixture.js';

const windowed = browserForFile();
const looks = await looksOf(new URL('out/', import.meta.url), [
  { name: 'phone-dark', colorScheme: 'dark', width: 320, height: 640, searched: true },
  { name: 'phone', colorScheme: 'light', width: 360, height: 740 },
  { name: 'light', colorScheme: 'light', width: 1280, height: 800, searched: true },
  { name: 'dark', colorScheme: 'dark', width: 1280, height: 800 },
]);

kioskTest(
  'the pages look right in every window',
  {},
  windowed(async ({ kiosk, context }) => {
    const display = await kiosk.display(context);
    await kiosk.display(context, 'canteen');
    for (const slide of [0, 2]) {
      await kiosk.ask('PUT', 'displays/lobby', { slide });
      await display.locator(`#stage[data-slide="${slide}"]`).waitFor();
      await looks.take(display, `display-${slide}`, { fullPage: false });
    }
    const admin = await kiosk.admin(context);
    await says(admin, '#count', /^2 displays on/);
    await looks.take(admin, 'admin');
    await admin.getByRole('button', { name: 'Edit Canteen' }).click();
    await looks.take(admin, 'editor', { fullPage: false });
  }, looks.window),
);

kioskTest(
  'the desk and a display need no pointer',
  {},
  windowed(async ({ kiosk, context }) => {
    const display = await kiosk.display(context);
    const admin = await kiosk.admin(context);
    await admin.locator('[data-display=lobby] .thumb button').nth(2).focus();
    await admin.keyboard.press('Enter');
    await display.locator('#stage[data-slide="2"]').waitFor();
    assert.equal(
      await admin.evaluate(() => document.activeElement.getAttribute('aria-label')),
      'Show slide 3 on lobby: Doors close at ten',
      'the focus stays where it was',
    );
    await display.keyboard.press('ArrowRight');
    await display.locator('#stage[data-slide="3"]').waitFor();
    await display.keyboard.press('ArrowRight');
    await display.locator('#stage[data-slide="0"]').waitFor();

    await admin.getByRole('button', { name: 'Edit Welcome' }).press('Enter');
    await admin.getByLabel('Title').first().fill('Good night');
    await admin.keyboard.press('Enter');
    await admin.locator('#editor').waitFor({ state: 'hidden' });
    await says(display, '.stage h2', 'Good night');
    assert.equal(await admin.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Edit Welcome');
  }),
);
