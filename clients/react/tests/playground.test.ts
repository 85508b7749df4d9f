// The playground, as `npm run playground` has it, against the real hub.

import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import { expect, test } from 'vitest';
import { Hub } from '../../js/tests/harness/hub.js';
import { launch, NO_BROWSER } from '../../js/tests/harness/pages.js';

test.skipIf(NO_BROWSER)('shows a light, events and who is there, and stays at one connection', async () => {
  const hub = await Hub.start();
  process.env.HUB = hub.url;
  const root = fileURLToPath(new URL('../playground', import.meta.url));
  const server = await createServer({ root, logLevel: 'error', server: { host: '127.0.0.1', port: 0 } });
  await server.listen();
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const wrong: string[] = [];
    page.on('pageerror', (error) => wrong.push(String(error)));
    await page.goto(server.resolvedUrls?.local[0] ?? '');
    await page.waitForSelector('.lamp.connected');
    await page.waitForFunction('document.querySelectorAll(".pill.active").length === 3');
    await page.getByRole('button', { name: 'times' }).click();
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.waitForFunction('document.querySelector(".events")?.textContent.includes("job_started")');
    expect(await page.textContent('.users')).toBe('anonymous');
    expect((await hub.stats()).connections.opened_total).toBe(1);
    await page.getByLabel('mounted').uncheck();
    await hub.settlesAt(0);
    expect(wrong).toEqual([]);
  } finally {
    await browser.close();
    await server.close();
    await hub.stop();
  }
});
