// The kiosk's server: pages, shows, and the way to the hub, all of one origin.

import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Broadcast } from './broadcast.js';
import { openFiles } from './files.js';
import { passTo } from './proxy.js';
import { answerKiosk } from './routes.js';
import { Shows } from './shows.js';

/** Listens on loopback; port 0 takes a free one. */
export async function startServer({ hub, dataDir, port = 0, ghost = false }) {
  await mkdir(dataDir, { recursive: true });
  const shows = await Shows.open(join(dataDir, 'shows.json'));
  const files = await openFiles();
  const pass = ghost ? (await import('./ghost-proxy.js')).haunt(hub) : passTo(hub);
  const broadcast = new Broadcast({ hub, shows });

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://kiosk');
    if (/^\/(api\/sse|admin|assets)\//.test(pathname)) pass(request, response);
    else if (/^\/api\/kiosk(\/|$)/.test(pathname)) answerKiosk({ shows, broadcast }, request, response);
    else files(pathname, response);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  broadcast.start();

  const stop = async () => {
    broadcast.stop();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
    await shows.saved();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}
