// The way from browsers to the hubs: a new stream goes to the next hub that takes it, in turn. What a client asks beside
// its stream goes to each until one knows that stream. The client's leaving is passed on.

import http from 'node:http';

// These are about one connection, not about the answer (RFC 9110 §7.6.1).
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];
const STREAM = '/api/sse/stream';
const BODY_BYTES_MAX = 64 * 1024;
/** For a hub that has stopped without its kernel saying so. A stream's head comes at once. */
const ANSWERS_WITHIN_MS = 3_000;

export function balanceOver(hubs) {
  // Each kind has its own turn, or what stands around a stream would decide where it goes.
  const turns = { stream: 0, other: 0 };
  return async (request, response) => {
    const body = await read(request);
    if (body === null) return response.writeHead(413).end();
    const first = turns[request.url.startsWith(STREAM) ? 'stream' : 'other']++;
    for (let tried = 0; tried < hubs.length; tried += 1) {
      const answer = await ask(hubs[(first + tried) % hubs.length], request, body, response);
      // A goodbye goes on its way also where its page is gone by now.
      if (response.destroyed && request.method === 'GET') return answer?.destroy();
      if (answer === null) continue;
      const isLast = tried === hubs.length - 1;
      if (isLast || !isElsewhere(request, answer)) return pass(answer, response);
      answer.destroy();
    }
    response.writeHead(503, { 'Retry-After': '1' }).end();
  };
}

/** Another hub may take it: this one drains or has lost its engine; or it has no such stream. */
function isElsewhere({ method }, { statusCode }) {
  return statusCode === 503 || (method === 'POST' && statusCode === 404);
}

/** The answer, as soon as its head is there; null where there is none. */
function ask(hub, { method, url: path, headers, socket }, body, response) {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(hub);
    // `Host` stays as it is: by it the hub knows its own pages from others'.
    const sent = { ...endToEnd(headers), 'x-forwarded-for': socket.remoteAddress };
    const upstream = http.request({ hostname, port, method, path, headers: sent, agent: false });
    const late = setTimeout(() => upstream.destroy(), ANSWERS_WITHIN_MS);
    const left = () => method === 'GET' && upstream.destroy();
    response.once('close', left);
    upstream.once('response', (answer) => {
      clearTimeout(late);
      resolve(answer);
    });
    // An error is followed by the close.
    upstream.on('error', () => {});
    upstream.once('close', () => {
      clearTimeout(late);
      response.off('close', left);
      resolve(null);
    });
    upstream.end(body);
  });
}

function pass(answer, response) {
  response.writeHead(answer.statusCode, endToEnd(answer.headers));
  response.flushHeaders();
  answer.pipe(response);
  // Where the hub's answer is cut short, this one is too.
  answer.once('close', () => answer.complete || response.destroy());
}

/** Whole, since it may be sent more than once; null where it is too long. */
async function read(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const endToEnd = (headers) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
