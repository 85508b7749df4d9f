// GHOST_PROXY=1: the same way through http-proxy 1.18.1, as older Vite, CRA and webpack-dev-server have it. It never
// tells the hub that a client has left. What ends the stream then is the client's goodbye, its next connection, or its
// lease.

import httpProxy from 'http-proxy';

export function haunt(hub) {
  const proxy = httpProxy.createProxyServer({ target: hub, xfwd: true });
  proxy.on('error', (_error, _request, response) => response.destroy?.());
  return (request, response) => proxy.web(request, response);
}
