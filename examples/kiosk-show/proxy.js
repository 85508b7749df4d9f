// Passes requests on to the hub, so that pages and streams are of one origin. The client's leaving is passed on too:
// a proxy that forgets that holds a stream open for somebody who has gone.

import http from 'node:http';

// These are about one connection, not about the answer (RFC 9110 §7.6.1).
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

export function passTo(hub) {
  const { hostname, port } = new URL(hub);
  return (request, response) => {
    const { method, url: path } = request;
    // `Host` stays as it is: by it the hub knows its own pages from others'.
    const headers = { ...endToEnd(request.headers), 'x-forwarded-for': request.socket.remoteAddress };
    const upstream = http.request({ hostname, port, method, path, headers, agent: false });
    // The line that ghosts come from where it is missing.
    response.once('close', () => upstream.destroy());
    upstream.once('response', (answer) => {
      response.writeHead(answer.statusCode, endToEnd(answer.headers));
      response.flushHeaders();
      // Each chunk as it comes; and where the hub's answer is cut short, this one is too.
      answer.pipe(response);
      answer.once('close', () => answer.complete || response.destroy());
    });
    upstream.once('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    request.pipe(upstream);
  };
}

const endToEnd = (headers) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
