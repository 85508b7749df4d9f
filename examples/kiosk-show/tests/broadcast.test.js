// What is told to the hub ends with the server, also where the hub is away at that moment.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Broadcast } from '../broadcast.js';

/** The opposite of a wait: in this time it would have come again. */
const SILENT_MS = 1_500;

test('stopped while it tells a hub that goes away, it does not come again', async () => {
  const hub = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(hub, 'listening');
  const shows = { displays: () => [], seconds: () => 0, current: () => null };
  const broadcast = new Broadcast({ hub: `http://127.0.0.1:${hub.address().port}`, shows });
  broadcast.changed('lobby');
  const [socket] = await once(hub, 'connection');
  await once(socket, 'data');
  broadcast.stop();
  socket.destroy();
  const came = once(hub, 'connection').then(() => 'came again');
  const silence = new Promise((resolve) => setTimeout(resolve, SILENT_MS, 'silence'));
  assert.equal(await Promise.race([came, silence]), 'silence');
  hub.close();
});
