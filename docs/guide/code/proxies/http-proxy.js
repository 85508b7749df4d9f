import httpProxy from 'http-proxy';

/** http-proxy 1.18.1, taught to pass on that somebody has left: the client to the hub, and the hub to the client. */
export function proxyTo(hub) {
  const proxy = httpProxy.createProxyServer({ target: hub });
  proxy.on('proxyReq', (request, _from, response) => response.once('close', () => request.destroy()));
  proxy.on('proxyRes', (answer, _from, response) => answer.once('close', () => response.destroy()));
  proxy.on('error', (_error, _from, response) => response.destroy());
  return (request, response) => proxy.web(request, response);
}
