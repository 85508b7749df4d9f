// What stands between a page and the hub. Each hop is started for one hub and gives two addresses: `url`, where the
// client finds the hub, and `page`, where its pages are.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createVite } from 'vite';
import { ghostProxy } from './ghost-proxy.js';
import { program, snippet } from './program.js';
import { answerPage, startSite } from './site.js';

/**
 * `passesLeaving`: a client whose socket ends is gone for the hub, too. `tellsDeath`: a hub that dies is gone for the
 * client, too. Where one isn't so, only what the client itself says or no longer says is left: beacon, lease, silence.
 */
export const HOPS = {
  direct: { title: 'directly', start: besideSite(async (hub) => ({ url: hub.url, stop: async () => {} })), passesLeaving: true, tellsDeath: true },
  nginx: { title: 'nginx', start: besideSite((hub) => program(nginx(hub))), passesLeaving: true, tellsDeath: true },
  haproxy: { title: 'HAProxy', start: besideSite((hub) => program(haproxy(hub))), passesLeaving: true, tellsDeath: true },
  vite: { title: 'Vite 8', start: vite, passesLeaving: true, tellsDeath: false },
  ghost: { title: 'http-proxy 1.18.1', start: ghost, passesLeaving: false, tellsDeath: false },
};

/** The pages come from an origin of their own, so that beacons and requests cross origins. */
function besideSite(start) {
  return async (hub) => {
    const [hop, site] = [await start(hub), await startSite()];
    return {
      url: hop.url,
      page: `${site.url}/pages/client.html`,
      async stop() {
        await site.stop();
        await hop.stop();
      },
    };
  };
}

/** The pages come from the proxy itself, as in development. */
async function ghost(hub) {
  const proxy = await ghostProxy(hub.url, answerPage);
  return { url: proxy.url, page: `${proxy.url}/pages/client.html`, stop: proxy.stop };
}

async function vite(hub) {
  const root = await mkdtemp(join(tmpdir(), 'tidings-vite-'));
  const pages = {
    name: 'pages',
    configureServer: ({ middlewares }) => {
      middlewares.use((request, response, next) => answerPage(request, response) || next());
    },
  };
  const server = await createVite({
    configFile: false,
    root,
    cacheDir: join(root, 'cache'),
    appType: 'custom',
    logLevel: 'silent',
    optimizeDeps: { noDiscovery: true },
    plugins: [pages],
    server: { host: '127.0.0.1', port: 0, hmr: false, ws: false, proxy: { '/api': hub.url } },
  });
  await server.listen();
  const url = `http://127.0.0.1:${server.httpServer.address().port}`;
  return {
    url,
    page: `${url}/pages/client.html`,
    async stop() {
      server.httpServer.closeAllConnections();
      await server.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

const nginx = (hub) => async ({ dir, port }) => {
  const site = await snippet('nginx.conf', [
    ['listen 80;', `listen 127.0.0.1:${port};`],
    ['server 127.0.0.1:3000;', `server ${new URL(hub.url).host};`],
  ]);
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${dir}/${what};`);
  // In the foreground and in one process, so that it can be stopped by its id.
  const around = `pid ${dir}/nginx.pid; error_log stderr; daemon off; master_process off; events {}`;
  await writeFile(join(dir, 'nginx.conf'), `${around}\nhttp {\naccess_log off;\n${own.join('\n')}\n${site}\n}\n`);
  return ['nginx', '-p', dir, '-c', join(dir, 'nginx.conf')];
};

const haproxy = (hub) => async ({ dir, port }) => {
  const text = await snippet('haproxy.cfg', [
    ['bind :80', `bind 127.0.0.1:${port}`],
    ['127.0.0.1:3000', new URL(hub.url).host],
  ]);
  await writeFile(join(dir, 'haproxy.cfg'), text);
  return ['haproxy', '-db', '-n', '500', '-f', join(dir, 'haproxy.cfg')];
};
