// How the pages look: shots for the eye in tests/out, what a machine can check of contrast and structure, and that a
// keyboard is enough.

import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { browserForFile } from '../../../e2e/harness/fixture.js';
import { assert, kioskTest, says } from './fixture.js';

const windowed = browserForFile();
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const OUT = fileURLToPath(new URL('out/', import.meta.url));
await mkdir(OUT, { recursive: true });

for (const [name, colorScheme, width, height] of [
  ['light', 'light', 1280, 800],
  ['dark', 'dark', 1280, 800],
  ['phone', 'light', 360, 740],
  ['phone-dark', 'dark', 320, 640],
]) {
  kioskTest(
    `the pages look right: ${name}`,
    {},
    windowed(
      async ({ kiosk, context }) => {
        const display = await kiosk.display(context);
        await kiosk.display(context, 'canteen');
        for (const slide of [0, 2]) {
          await kiosk.ask('PUT', 'displays/lobby', { slide });
          await display.locator(`#stage[data-slide="${slide}"]`).waitFor();
          await look(display, `display-${slide}-${name}`, width);
        }
        const admin = await kiosk.admin(context);
        await says(admin, '#count', /^2 displays on/);
        await look(admin, `admin-${name}`, width, true);
        await admin.getByRole('button', { name: 'Edit Canteen' }).click();
        await look(admin, `editor-${name}`, width);
      },
      { colorScheme, viewport: { width, height } },
    ),
  );
}

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

async function look(page, name, width, fullPage = false) {
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((one) => one.effect.getTiming().iterations === 1 && one.finished)),
  );
  await page.screenshot({ path: `${OUT}${name}.png`, fullPage });
  assert.ok(
    (await page.evaluate(() => document.documentElement.scrollWidth)) <= width,
    `${name}: nothing sticks out sideways`,
  );
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run({ rules: { 'target-size': { enabled: true } } }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  assert.deepEqual(found, [], name);
}
