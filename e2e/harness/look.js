// How a page looks in several windows: shots for the eye, and what a machine can check of each.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** To search a page costs more than all else: `make prove` has it done in each look, and not only where one asks for it. */
const SEARCH_ALL = process.env.LOOKS === 'searched';

/**
 * Looks at one page: `{ name, colorScheme, width, height, searched }` each. In every one of them a shot goes to `out`, and
 * nothing may stick out sideways; those that are `searched` have their contrast, structure and targets checked, too.
 *
 * The first is the window that the test itself works in. Take the narrowest: what can be reached there can be elsewhere.
 */
export async function looksOf(out, looks) {
  const directory = fileURLToPath(out);
  await mkdir(directory, { recursive: true });
  const [home] = looks;
  return {
    window: { colorScheme: home.colorScheme, viewport: viewport(home), reducedMotion: 'reduce' },
    async take(page, name, { fullPage = true } = {}) {
      for (const look of looks) await take(page, look, `${directory}${name}-${look.name}.png`, fullPage);
      await turn(page, home);
    },
  };
}

async function take(page, look, path, fullPage) {
  await turn(page, look);
  await page.screenshot({ path, fullPage });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= look.width, `${path}: nothing sticks out sideways, and this is ${wide} wide`);
  if (!look.searched && !SEARCH_ALL) return;
  // By the debugger's way in: a page's own policy runs no foreign script.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run({ rules: { 'target-size': { enabled: true } } }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  assert.deepEqual(found, [], path);
}

/** What that sets in motion comes to its end first: colours on their way to others have no contrast yet. */
async function turn(page, look) {
  await page.setViewportSize(viewport(look));
  await page.emulateMedia({ colorScheme: look.colorScheme });
  await page.evaluate(() => {
    const finite = document.getAnimations().filter((one) => one.effect.getTiming().iterations === 1);
    return Promise.all(finite.map((one) => one.finished.catch(() => {})));
  });
}

const viewport = ({ width, height = 900 }) => ({ width, height });
