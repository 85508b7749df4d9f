// docs/guide/behind-a-proxy.md: each cure is tried on a real hub, beside the trap that it is for. nginx, HAProxy and Caddy
// are held to docs/snippets by scripts/check-snippets.sh.

import assert from 'node:assert/strict';
import http from 'node:http';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import httpProxy from 'http-proxy';
import { hubTest, proxyTest } from '../harness/fixture.js';
import { guidePath, guideVite, serve } from '../harness/guide.js';

const STILL_THERE_MS = 1_000;
const require = createRequire(import.meta.url);

proxyTest('guide: the trap, http-proxy 1.18.1: a reader that leaves stays at the hub', {}, async ({ hub, proxy }) => {
  (await read(proxy.url)).leave();
  const until = performance.now() + STILL_THERE_MS;
  while (performance.now() < until) assert.equal(await hub.active(), 1);
});

cureTest('http-proxy.js', async (hub) => {
  const { proxyTo } = await import(guidePath('proxies/http-proxy.js'));
  return serve(proxyTo(hub));
});

cureTest('webpack.config.cjs', async (hub) => {
  process.env.HUB = hub;
  const { devServer } = fresh('proxies/webpack.config.cjs');
  const [{ context, target, onProxyReq, onProxyRes }] = devServer.proxy;
  assert.deepEqual(context, ['/api/sse']);
  return asMiddleware({ target, onProxyReq, onProxyRes });
});

cureTest('setupProxy.cjs', async (hub) => {
  process.env.HUB = hub;
  let given;
  // In place of http-proxy-middleware 2, which hands these two on to http-proxy as they are.
  const loaded = stand('http-proxy-middleware', { createProxyMiddleware: (path, options) => ({ path, ...options }) }, () => fresh('proxies/setupProxy.cjs'));
  loaded({ use: (middleware) => { given = middleware; } });
  assert.equal(given.path, '/api/sse');
  return asMiddleware(given);
});

cureTest('vite.config.js', (hub) =>
  guideVite(hub, { optimizeDeps: { noDiscovery: true }, server: { ws: false, hmr: false } }));

cureTest('route.js', async (hub) => {
  process.env.HUB = hub;
  const { GET } = await import(`${guidePath('proxies/route.js')}?${encodeURIComponent(hub)}`);
  // What Next.js does around a route handler: a request with a signal that ends when the client goes.
  return serve(async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const answer = await GET(new Request(`http://next${request.url}`, { headers: request.headers, signal: gone.signal }));
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.flushHeaders();
    Readable.fromWeb(answer.body).on('error', () => response.destroy()).pipe(response);
  });
});

/** An event comes through at once; a reader that leaves is gone; a hub that dies is noticed. */
function cureTest(name, start) {
  hubTest(`guide: ${name}: events come through, and each end learns that the other has left`, {}, async ({ hub }) => {
    const hop = await start(hub.url);
    try {
      const reader = await read(hop.url);
      await hub.publish({ channel: 'jobs', data: 'through' });
      await reader.hears('through');
      reader.leave();
      await hub.settlesAt(0);
      const other = await read(hop.url);
      await hub.crash();
      await other.ended;
      await hub.up();
    } finally {
      await hop.stop();
    }
  });
}

function asMiddleware({ target, onProxyReq, onProxyRes }) {
  const proxy = httpProxy.createProxyServer({ target });
  proxy.on('proxyReq', onProxyReq).on('proxyRes', onProxyRes);
  proxy.on('error', (_error, _request, response) => response.destroy?.());
  return serve((request, response) => proxy.web(request, response));
}

function fresh(name) {
  delete require.cache[guidePath(name)];
  return require(guidePath(name));
}

/** Calls `body` while `require(name)` answers `module`. */
function stand(name, module, body) {
  const { _load: load } = require('node:module');
  require('node:module')._load = (asked, ...rest) => (asked === name ? module : load(asked, ...rest));
  try {
    return body();
  } finally {
    require('node:module')._load = load;
  }
}

/** A stream read as far as its first event, as a browser asks for it; `leave` cuts the socket. */
function read(url) {
  const headers = { Accept: 'text/event-stream', 'Accept-Encoding': 'gzip, deflate, br' };
  return new Promise((resolve, reject) => {
    const request = http.get(`${url}/api/sse/stream?channels=jobs`, { agent: false, headers }, (response) => {
      let text = '';
      let waiting = [];
      const heard = () => {
        for (const { words, done } of waiting) if (text.includes(words)) done();
        waiting = waiting.filter(({ words }) => !text.includes(words));
      };
      const hears = (words) => new Promise((done) => {
        waiting.push({ words, done });
        heard();
      });
      const ended = new Promise((done) => response.once('close', done));
      response.on('error', () => {});
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        heard();
      });
      hears('event: connected').then(() => resolve({ hears, ended, leave: () => request.destroy() }));
    });
    request.once('error', reject);
  });
}
