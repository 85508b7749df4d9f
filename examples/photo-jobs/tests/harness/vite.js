// Vite's dev server on a copy of the page, so that a test may edit what it likes.

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createSocket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

const HERE = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = ['index.html', 'package.json', 'public', 'tsconfig.json', 'vite.config.ts', 'web'];

/** `target` is where `/api` goes. */
export async function devServer(target) {
  // Beside the page itself, where its packages are found.
  await mkdir(join(HERE, 'out'), { recursive: true });
  const root = await mkdtemp(join(HERE, 'out/dev-'));
  for (const entry of PAGE) await cp(join(HERE, entry), join(root, entry), { recursive: true });
  process.env.PHOTO_JOBS_URL = target;
  const port = await freePort();
  const vite = await createServer({ root, logLevel: 'error', server: { host: '127.0.0.1', port, strictPort: true } });
  await vite.listen();
  return {
    url: `http://127.0.0.1:${port}`,
    /** Saves a file of the page with `change` made to its text. */
    async edit(file, change) {
      const path = join(root, file);
      const before = await readFile(path, 'utf8');
      const after = change(before);
      if (after === before) throw new Error(`${file}: the change changed nothing`);
      await writeFile(path, after);
    },
    async stop() {
      await vite.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function freePort() {
  const socket = createSocket();
  await new Promise((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}
