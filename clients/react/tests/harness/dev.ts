// A real dev server with hot reload over an application of its own files, and the hub behind its proxy.

import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { createServer, type ViteDevServer } from 'vite';

const at = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));

export class DevServer {
  url = '';
  #root = '';
  #server: ViteDevServer | null = null;

  static async start(hubUrl: string, files: Record<string, string>): Promise<DevServer> {
    const dev = new DevServer();
    dev.#root = await mkdtemp(join(tmpdir(), 'tidings-react-'));
    await symlink(at('node_modules'), join(dev.#root, 'node_modules'));
    await Promise.all(Object.entries(files).map(([name, text]) => dev.write(name, text)));
    const server = await createServer({
      root: dev.#root,
      configFile: false,
      logLevel: 'error',
      cacheDir: join(dev.#root, 'cache'),
      plugins: [react()],
      resolve: {
        alias: [
          { find: /^@tidings\/client$/, replacement: at('clients/js/src/index.ts') },
          { find: /^@tidings\/react$/, replacement: at('clients/react/src/index.ts') },
        ],
      },
      // All at once: one that is found later makes the page load anew.
      optimizeDeps: {
        include: ['react', 'react-dom', 'react-dom/client', 'react/jsx-dev-runtime'],
        noDiscovery: true,
      },
      server: {
        host: '127.0.0.1',
        port: 0,
        // The watcher passes over a change within 50 ms of the one before; seen in steps of twice that, none is lost.
        watch: { usePolling: true, interval: 100 },
        fs: { allow: [dev.#root, at('')] },
        proxy: { '/api': hubUrl },
      },
    });
    await server.listen();
    dev.#server = server;
    dev.url = server.resolvedUrls?.local[0] ?? '';
    return dev;
  }

  /** As a careful editor saves: who reads the file at that moment finds it whole, never cut to nothing. */
  async write(name: string, text: string): Promise<void> {
    const path = join(this.#root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    await rm(this.#root, { recursive: true, force: true });
  }
}
