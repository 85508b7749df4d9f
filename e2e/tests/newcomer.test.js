// Real input: a log file that grows, piped into the hub, read in a browser and in a terminal, over a restart.

import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserForFile, hubTest } from '../harness/fixture.js';
import { until } from '../harness/until.js';

const windowed = browserForFile();
const WITHIN_MS = 20_000;
const BATCH = 20;

hubTest('a log file reaches the browser and the terminal whole, the hub restarted in between', {}, windowed(async ({ hub, context }) => {
  const dir = await mkdtemp(join(tmpdir(), 'tidings-log-'));
  const file = join(dir, 'app.log');
  await writeFile(file, '');
  const page = await context.newPage();
  await page.goto(`${hub.url}/?channels=logs`);
  await page.locator('#light[data-state=connected]').waitFor();
  const tail = hub.shell('exec "$BIN" tail logs --url "$HUB"');
  const publish = hub.shell(`tail -n +1 -F '${file}' 2>/dev/null | "$BIN" publish logs - --url "$HUB"`);
  try {
    await hub.settlesAt(2);
    let written = 0;
    const grow = async () => {
      const lines = Array.from({ length: BATCH }, () => `{"line":${(written += 1)}}\n`);
      await appendFile(file, lines.join(''));
    };
    const arrive = () => page.locator('li.event pre', { hasText: new RegExp(`^\\{"line":${written}\\}$`) }).waitFor({ timeout: WITHIN_MS });
    await grow();
    await arrive();
    await hub.down();
    await grow();
    await hub.up();
    await grow();
    await arrive();
    const all = Array.from({ length: written }, (_, n) => n + 1);
    const lines = async () => (await page.locator('li.event pre').allInnerTexts()).map((text) => JSON.parse(text).line).reverse();
    assert.deepEqual(await lines(), all, 'in the browser: in order, none missing, none twice');
    const heard = () => tail.said.flatMap((line) => /"line":(\d+)/.exec(line)?.[1] ?? []).map(Number);
    await until(() => heard().length >= written, WITHIN_MS, () => `the terminal has ${tail.said.length} lines`);
    assert.deepEqual(heard(), all, 'in the terminal, too');
  } finally {
    await publish.end();
    await tail.end();
    await rm(dir, { recursive: true, force: true });
  }
}));
