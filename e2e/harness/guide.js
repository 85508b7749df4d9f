// The code that docs/guide shows, as it stands there: served to a browser, with a real hub's address in place of the
// one that readers start.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer as createVite } from 'vite';

const ROOT = new URL('../../', import.meta.url);
const CODE = new URL('docs/guide/code/', ROOT);
const HUB_OF_READERS = 'http://127.0.0.1:3000';

export const guidePath = (name) => fileURLToPath(new URL(name, CODE));

/** Serves `docs/guide/code/plain-page`, and `/node_modules/` beside it, on an origin of its own. */
export async function serveGuide(hub) {
  return serve(async ({ url }, response) => {
    const path = new URL(url, 'http://guide').pathname;
    const file = path.startsWith('/node_modules/') ? new URL(`.${path}`, ROOT) : new URL(`plain-page${path}`, CODE);
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text === null) return response.writeHead(404).end();
    const isPage = path.endsWith('.html');
    response.writeHead(200, { 'Content-Type': isPage ? 'text/html; charset=utf-8' : 'text/javascript; charset=utf-8' });
    response.end(isPage ? pointed(text, hub) : text);
  });
}

function pointed(text, hub) {
  assert.ok(text.includes(HUB_OF_READERS), 'the page names the hub that a reader starts');
  return text.replace(HUB_OF_READERS, hub);
}

/** A server of Node's around a handler, on loopback. */
export async function serve(handler) {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The guide's React application under its own vite.config.js, but for the port, and for a cache that no other server has. */
export async function guideVite(hubUrl, { server, ...options } = {}) {
  process.env.HUB = hubUrl;
  const cacheDir = await mkdtemp(join(tmpdir(), 'tidings-vite-'));
  const vite = await createVite({
    root: guidePath('react'),
    configFile: guidePath('react/vite.config.js'),
    cacheDir,
    logLevel: 'silent',
    ...options,
    server: { host: '127.0.0.1', port: 0, ...server },
  });
  await vite.listen();
  return {
    vite,
    url: `http://127.0.0.1:${vite.httpServer.address().port}`,
    async stop() {
      vite.httpServer.closeAllConnections();
      await vite.close();
      await rm(cacheDir, { recursive: true, force: true });
    },
  };
}

export async function underVite(hubUrl, body) {
  const { vite, url, stop } = await guideVite(hubUrl);
  // What is bundled at the first request would have the page loaded twice.
  const page = await readFile(guidePath('react/index.html'), 'utf8');
  await vite.warmupRequest(page.match(/<script[^>]* src="([^"]+)"/)[1]);
  await vite.waitForRequestsIdle();
  try {
    await body(url);
  } finally {
    await stop();
  }
}
