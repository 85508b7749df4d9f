// How the page looks: shots for the eye in tests/out, what a machine can check of contrast and structure, and that a
// keyboard is enough.

import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { assert, bookIsDone, browserForFile, serviceTest } from './fixture.js';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const OUT = fileURLToPath(new URL('out/', import.meta.url));
await mkdir(OUT, { recursive: true });

browserForFile();

for (const [name, colorScheme, width, height] of [
  ['light', 'light', 1280, 800],
  ['dark', 'dark', 1280, 800],
  ['phone', 'light', 320, 640],
]) {
  const env = { TIDINGS_LIMITS_CONNECTIONS_PER_USER: 1 };
  serviceTest(`the page looks right: ${name}`, { hubs: 1, env }, async ({ scene }) => {
    const window = { colorScheme, viewport: { width, height } };
    const context = await scene.browser('ann', window);
    const page = await scene.tab(context);
    await page.getByLabel('Title').focus();
    await page.keyboard.type('The long way home');
    await page.keyboard.press('Enter');
    const id = await page.locator('.book').getAttribute('data-book');
    await bookIsDone(page, id);
    await look(page, `desk-${name}`, width);
    const late = await scene.tab(await scene.browser('ann', window), { isLive: false });
    await late.locator('#refused').waitFor();
    await look(late, `refused-${name}`, width);
    await page.getByRole('button', { name: 'Be somebody else' }).press('Enter');
    await page.locator('#login').waitFor();
    await look(page, `login-${name}`, width);
  });
}

async function look(page, name, width) {
  await page.screenshot({ path: `${OUT}${name}.png`, fullPage: true });
  assert.ok(
    (await page.evaluate(() => document.documentElement.scrollWidth)) <= width,
    `${name}: nothing sticks out sideways`,
  );
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run({ rules: { 'target-size': { enabled: true } } }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  assert.deepEqual(found, [], name);
}
