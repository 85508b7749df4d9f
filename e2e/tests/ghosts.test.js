// Clients that vanish behind http-proxy 1.18.1, which goes on reading for them. What ends their stream is what they
// said, or failed to say; each row has its bound.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { after } from 'node:test';
import { proxyTest } from '../harness/fixture.js';

const LEASE_SECONDS = 2;
const MAX_AGE_MS = 3_000;
// For a machine that is busy with other things.
const SLACK_MS = 1_500;
const STILL_THERE_MS = 1_000;
const rows = [];

after(async () => {
  const out = new URL('../out/', import.meta.url);
  await mkdir(out, { recursive: true });
  await writeFile(new URL('ghosts-behind-proxy.json', out), `${JSON.stringify(rows, null, 2)}\n`);
});

proxyTest('behind http-proxy, with a beacon', {}, async ({ hub, proxy, t }) => {
  const client = await subscribe(proxy.url, 'channels=jobs&client_id=beacon-client-0001');
  assert.equal(await hub.active(), 1);
  const answer = await post(`${proxy.url}/api/sse/disconnect`, client.connectionId, 'text/plain');
  assert.equal(answer, 204);
  client.vanish();
  await row(t, hub, 'beacon', 100 + SLACK_MS, 'disconnected');
  assert.equal(await post(`${proxy.url}/api/sse/disconnect`, client.connectionId, 'text/plain'), 404);
});

proxyTest('behind http-proxy, with a lease that is no longer renewed', {}, async ({ hub, proxy, t }) => {
  const client = await subscribe(proxy.url, `channels=jobs&client_id=lease-client-00001&lease=${LEASE_SECONDS}`);
  const renewed = { connection_id: client.connectionId };
  assert.equal(await post(`${proxy.url}/api/sse/alive`, JSON.stringify(renewed), 'application/json'), 204);
  client.vanish();
  // It still counts: only the lease can tell, and the lease has just been renewed.
  await assertStillCounted(hub, STILL_THERE_MS);
  await row(t, hub, 'lease', LEASE_SECONDS * 1_000 + 1_000 + SLACK_MS - STILL_THERE_MS, 'lease', STILL_THERE_MS);
  assert.equal(await post(`${proxy.url}/api/sse/alive`, JSON.stringify(renewed), 'application/json'), 404);
});

proxyTest('behind http-proxy, with a lease that is renewed: it stays', {}, async ({ hub, proxy }) => {
  const client = await subscribe(proxy.url, `channels=jobs&client_id=lease-client-00002&lease=${LEASE_SECONDS}`);
  const until = performance.now() + LEASE_SECONDS * 2_000;
  while (performance.now() < until) {
    const body = JSON.stringify({ connection_id: client.connectionId });
    assert.equal(await post(`${proxy.url}/api/sse/alive`, body, 'application/json'), 204);
    await assertStillCounted(hub, (LEASE_SECONDS * 1_000) / 4);
  }
  assert.equal((await hub.connections())[0].proof.kind, 'alive');
  client.vanish();
});

proxyTest('behind http-proxy, with neither: the maximum age bounds it', { TIDINGS_STREAM_MAX_AGE_MS: MAX_AGE_MS },
  async ({ hub, proxy, t }) => {
    const client = await subscribe(proxy.url, 'channels=jobs&client_id=silent-client-0001');
    client.vanish();
    await assertStillCounted(hub, STILL_THERE_MS);
    await row(t, hub, 'max age', MAX_AGE_MS - STILL_THERE_MS + SLACK_MS, 'max_age', STILL_THERE_MS);
  });

proxyTest('behind http-proxy, a client that comes back takes its ghost\'s place', {}, async ({ hub, proxy, t }) => {
  const query = 'channels=jobs&client_id=returning-client-1';
  (await subscribe(proxy.url, query)).vanish();
  await assertStillCounted(hub, STILL_THERE_MS);
  const again = await subscribe(proxy.url, query);
  const tookMs = await hub.settlesAt(1);
  assert.equal(await hub.closedTotal('superseded'), 1);
  report(t, 'superseded', 100 + SLACK_MS, tookMs, 0);
  await post(`${proxy.url}/api/sse/disconnect`, again.connectionId, 'text/plain');
  again.vanish();
});

async function row(t, hub, name, boundMs, reason, alreadyMs = 0) {
  const tookMs = await hub.settlesAt(0, boundMs);
  assert.equal(await hub.closedTotal(reason), 1, JSON.stringify((await hub.stats()).connections.closed_total));
  report(t, name, boundMs + alreadyMs, tookMs + alreadyMs, await hub.active());
}

function report(t, name, boundMs, tookMs, leftOver) {
  const told = { peer: `http-proxy 1.18.1, ${name}`, bound_ms: Math.round(boundMs), measured_ms: Math.round(tookMs), left_over: leftOver };
  rows.push(told);
  t.diagnostic(JSON.stringify(told));
}

/** The opposite of a wait: for this long the count may not fall. */
async function assertStillCounted(hub, forMs) {
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    assert.equal(await hub.active(), 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A stream read as far as its first event; `vanish` cuts the socket without a word. */
function subscribe(base, query) {
  return new Promise((resolve, reject) => {
    const request = http.get(`${base}/api/sse/stream?${query}`, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('error', () => {});
      response.on('data', (chunk) => {
        text += chunk;
        const first = /event: connected\n(?:.*\n)*?data: (.*)\n/.exec(text);
        if (first) resolve({ connectionId: JSON.parse(first[1]).connection_id, vanish: () => request.destroy() });
      });
    });
    request.on('error', reject);
  });
}

async function post(url, body, type) {
  return (await fetch(url, { method: 'POST', headers: { 'Content-Type': type }, body })).status;
}
