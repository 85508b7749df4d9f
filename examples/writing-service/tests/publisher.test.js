// What a publisher does with what hubs answer.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Publisher } from '../publisher.js';

const EVENTS = [{ channel: 'books:ann', id: 'one', data: 1 }];
const TAKEN = { status: 200, body: [{ id: 'one', channel: 'books:ann', offset: 1, recipients: 0 }] };

for (const [what, first] of [
  ['is away', { status: 503, body: { status: 503, reason: 'engine_away' } }],
  ['did not say in time whether it took them', { status: 200, body: [{ status: 504, reason: 'fate_unknown' }] }],
  ['hangs up', null],
]) {
  test(`where a hub ${what}, the next gets the same events with the same ids`, async () => {
    const asked = await withHubs([[first], [TAKEN]], (publisher) => publisher.publish(EVENTS, 'a token'));
    assert.deepEqual(asked, [
      { hub: 0, events: EVENTS, authorization: 'Bearer a token' },
      { hub: 1, events: EVENTS, authorization: 'Bearer a token' },
    ]);
  });
}

test('a hub that took them stays the one that is asked, and the order is that of the calls', async () => {
  const asked = await withHubs([[null], [TAKEN, TAKEN, TAKEN]], (publisher) =>
    Promise.all([1, 2, 3].map((data) => publisher.publish([{ ...EVENTS[0], data }], 'a token'))),
  );
  assert.deepEqual(
    asked.map(({ hub, events: [{ data }] }) => [hub, data]),
    [
      [0, 1],
      [1, 1],
      [1, 2],
      [1, 3],
    ],
  );
});

test('what is refused for good is not sent again, and what follows is', async () => {
  const refused = { status: 200, body: [{ status: 403, detail: 'publishing to `books:ann` is not granted' }] };
  await withHubs([[refused, TAKEN]], async (publisher) => {
    await assert.rejects(publisher.publish(EVENTS, 'a token'), /403 publishing to/);
    await publisher.publish(EVENTS, 'another');
  });
});

test('stopped, it waits for nobody', async () => {
  await withHubs([[null]], async (publisher) => {
    const told = publisher.publish(EVENTS, 'a token');
    publisher.stop();
    await told;
  });
});

/** `scripts` has what each hub answers, in turn; null ends the socket. Answers what the hubs were asked. */
async function withHubs(scripts, body) {
  const asked = [];
  const servers = scripts.map((script, hub) =>
    createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      asked.push({ hub, events: JSON.parse(Buffer.concat(chunks)), authorization: request.headers.authorization });
      const answer = script.length > 1 ? script.shift() : script[0];
      if (answer === null) return response.destroy();
      response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer.body));
    }),
  );
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  const publisher = new Publisher({ hubs: servers.map((server) => `http://127.0.0.1:${server.address().port}`) });
  try {
    await body(publisher);
  } finally {
    publisher.stop();
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  }
  return asked;
}
