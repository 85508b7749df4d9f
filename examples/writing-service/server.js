// The service: its page, its books, its writers, and the way to the hubs, all of one origin.

import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createClient } from '@tidings/client';
import { balanceOver } from './balance.js';
import { Books } from './books.js';
import { openFiles } from './files.js';
import { answerService } from './routes.js';
import { Tokens } from './tokens.js';
import { Workshop } from './workshop.js';

/** Listens on loopback; port 0 takes a free one. `hubs` are their addresses, `key` what their tokens are signed with. */
export async function startServer({ hubs, key, dataDir, port = 0, writers, paceMs }) {
  await mkdir(dataDir, { recursive: true });
  const tokens = new Tokens(key);
  const books = await Books.open(join(dataDir, 'books.json'));
  const files = await openFiles();
  const pass = balanceOver(hubs);
  const workshop = new Workshop({ books, tokens, hubs, writers, paceMs });

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://service');
    // A request that was cut while it was read has nobody to be told.
    if (pathname.startsWith('/api/sse/')) pass(request, response).catch(() => response.destroy());
    else if (pathname.startsWith('/api/')) answerService({ tokens, books, workshop }, request, response);
    else files(pathname, response);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${server.address().port}`;

  // The hubs' log began anew, or lost more than it holds: what they keep for those who come later is told again.
  const client = createClient({ url, type: 'service', token: tokens.forService, onMalformed: () => {} });
  client.subscribe('books:*', () => {}, { onGap: () => workshop.tellAgain() });

  const stop = async () => {
    client.close();
    await workshop.stop();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return { url, workshop, stop };
}
