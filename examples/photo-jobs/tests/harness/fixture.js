// What every test stands on: a server of its own, the page by one of three ways, a browser window, and books that are
// closed when it is over.

import { after, before, test } from 'node:test';
import { launch, openWindow } from '../../../../e2e/harness/browser.js';
import { ghostProxy } from '../../../../e2e/harness/ghost-proxy.js';
import { Server } from './server.js';
import { devServer } from './vite.js';

/**
 * How a page gets to the server:
 * - `direct`: the production build, served by the application itself;
 * - `vite`: Vite's dev server, whose proxy passes departures on;
 * - `ghost`: the same behind http-proxy 1.18.1, the proxy of older Vites, which goes on reading for whoever has left.
 */
async function way(via, server) {
  if (via === 'direct') return { url: server.url, stop: async () => {} };
  if (via === 'vite') return devServer(server.url);
  const ghost = await ghostProxy(server.url);
  const dev = await devServer(ghost.url);
  const stop = async () => {
    await dev.stop();
    await ghost.stop();
  };
  return { ...dev, stop };
}

/** Each is run by the worst way; by all of them in `npm run prove`. */
export const WAYS = process.env.PHOTO_JOBS_WAYS === 'all' ? ['direct', 'vite', 'ghost'] : ['ghost'];

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** `body({ server, dev, context, open, t })`: `open()` is a tab with the page, live. */
export function photoTest(name, { via = 'direct', env, window, folder = 'album' }, body) {
  test(`${name} [${via}]`, { timeout: 180_000 }, async (t) => {
    const server = await Server.start(env);
    let dev;
    try {
      dev = await way(via, server);
      const { context, finish } = await openWindow(browser, window);
      const open = async (query = '') => {
        const page = await context.newPage();
        await page.goto(`${dev.url}/?folder=${folder}${query}`);
        await isLive(page);
        return page;
      };
      let passed = false;
      try {
        await body({ server, dev, context, open, t });
        passed = true;
      } finally {
        await finish().catch((problem) => {
          if (passed) throw problem;
        });
      }
      await server.assertBooksAreClosed();
    } finally {
      await dev?.stop();
      await server.stop();
    }
  });
}

export const isLive = (page) => page.locator('[data-status=connected]').waitFor();
