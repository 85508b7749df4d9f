// http-proxy 1.18.1, as older Vite, CRA and webpack-dev-server have it: on a Node of today it never tells the upstream
// that the client has left.

import { createServer } from 'node:http';
import httpProxy from 'http-proxy';

/** `answers(request, response)` may answer some requests itself, as a development server does, and says whether it did. */
export async function ghostProxy(target, answers = () => false) {
  const proxy = httpProxy.createProxyServer({ target });
  proxy.on('error', (_error, _request, response) => response.destroy?.());
  const server = createServer((request, response) => answers(request, response) || proxy.web(request, response));
  const upstream = new Set();
  proxy.on('proxyReq', (request) => {
    upstream.add(request);
    request.once('close', () => upstream.delete(request));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      for (const request of upstream) request.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
