// The way through the kiosk: what it must not swallow, and that the ghost proxy does.

import http from 'node:http';
import { assert, counts, kioskTest, round, SOON_MS, told } from './fixture.js';

const STILL_THERE_MS = 1_000;

kioskTest('who leaves without a word is gone from the books at once', {}, async ({ hub, kiosk, t }) => {
  const vanish = await subscribe(kiosk);
  await counts(hub, { display: 1 });
  vanish();
  told(t, 'reader cut, through the kiosk', { ms: round(await counts(hub, {})) });
  assert.equal(await hub.closedTotal('client_left'), 1);
});

kioskTest('with GHOST_PROXY=1 the same reader stays', { ghost: true }, async ({ hub, kiosk }) => {
  const vanish = await subscribe(kiosk);
  vanish();
  const until = performance.now() + STILL_THERE_MS;
  while (performance.now() < until) await counts(hub, { display: 1 }, 0);
});

kioskTest('an unknown id gets a clear answer, and harms nobody', {}, async ({ hub, kiosk }) => {
  const vanish = await subscribe(kiosk);
  for (const [body, status, says] of [
    ['0123456789abcdef0123456789abcdef', 404, /no live connection/i],
    ['', 400, /connection_id|id/],
  ]) {
    const answer = await fetch(`${kiosk.url}/api/sse/disconnect`, { method: 'POST', body });
    const problem = await answer.json();
    assert.equal(answer.status, status, JSON.stringify(problem));
    assert.match(answer.headers.get('content-type'), /problem\+json/);
    assert.match(problem.detail, says);
  }
  await counts(hub, { display: 1 });
  assert.equal(await hub.closedTotal('disconnected'), 0);
  vanish();
});

kioskTest('a reader learns of the hub’s death, and the kiosk goes on', {}, async ({ hub, kiosk }) => {
  let ended;
  const end = new Promise((resolve) => {
    ended = resolve;
  });
  await subscribe(kiosk, ended);
  await hub.crash();
  await end;
  const answer = await fetch(`${kiosk.url}/api/sse/stats`);
  assert.equal(answer.status, 502);
  assert.equal((await kiosk.ask('PUT', 'displays/lobby', { step: 1 })).status, 200);
  await hub.up();
});

kioskTest('the hub hears whose request it is', {}, async ({ hub, kiosk }) => {
  const vanish = await subscribe(kiosk);
  const [reader] = (await hub.connections()).filter(({ type }) => type === 'display');
  assert.match(reader.remote, /^127\.0\.0\.1/);
  assert.equal(reader.proof.to, 'proxy');
  vanish();
});

kioskTest('a page of another site changes nothing', {}, async ({ kiosk }) => {
  const headers = { 'Sec-Fetch-Site': 'cross-site' };
  for (const [path, method] of [
    ['displays/lobby', 'PUT'],
    ['displays/lobby', 'DELETE'],
    ['shows/welcome', 'DELETE'],
  ]) {
    const answer = await fetch(`${kiosk.url}/api/kiosk/${path}`, {
      method,
      headers,
      body: method === 'PUT' ? '{}' : undefined,
    });
    assert.equal(answer.status, 403, path);
  }
});

/** A stream read as far as its first event; what it answers cuts the socket without a word. */
function subscribe({ url }, ended = () => {}) {
  return new Promise((resolve, reject) => {
    const request = http.get(
      `${url}/api/sse/stream?channels=display:lobby&type=display`,
      { agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('error', () => {});
        response.on('close', ended);
        response.on('data', (chunk) => {
          text += chunk;
          if (/event: connected\n/.test(text)) resolve(() => request.destroy());
        });
      },
    );
    request.setTimeout(SOON_MS * 4, () => request.destroy());
    request.on('error', reject);
  });
}
