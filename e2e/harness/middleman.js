// A proxy that notes each request for a stream, and does one thing wrong when it is told to.

import { createServer, request as send } from 'node:http';

/**
 * `answers(request, response)` may answer some requests itself. `user` is named in every request, as somebody's session
 * would be. `asked` grows by `{ at, status }` for each request for a stream, on `performance.now()`'s clock.
 */
export async function middleman(target, { answers = () => false, user = null } = {}) {
  const asked = [];
  const open = new Set();
  const upstream = new Set();
  let instead = null;
  const server = createServer((request, response) => {
    if (answers(request, response)) return;
    const url = new URL(request.url, target());
    if (user) url.searchParams.set('user', user);
    const stream = url.pathname === '/api/sse/stream' && request.method === 'GET';
    const note = { at: performance.now(), status: null };
    if (stream) asked.push(note);
    if (stream && instead) {
      note.status = instead;
      return response.writeHead(instead).end();
    }
    const passed = send(url, { method: request.method, headers: { ...request.headers, connection: 'close' } }, (answer) => {
      note.status = answer.statusCode;
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
      // A death is passed on, which `pipe` does not.
      answer.once('close', () => answer.complete || response.destroy());
      if (!stream) return;
      open.add(response);
      response.once('close', () => open.delete(response));
    });
    upstream.add(passed);
    passed.once('close', () => upstream.delete(passed));
    passed.on('error', () => response.destroy());
    response.once('close', () => passed.destroy());
    request.pipe(passed);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    asked,
    /** From now on streams get this status, and nothing else. `null` ends that. */
    answer(status) {
      instead = status;
    },
    /** Writes into every open stream. Whole events leave the hub at once, so this lands between two of them. */
    inject(text) {
      for (const response of open) response.write(text);
    },
    async stop() {
      for (const request of upstream) request.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
