// One process of the crowd. Streams are bare sockets: what is measured is the hub and the page, not a client.

import { connect } from 'node:net';

const OPENING_AT_ONCE_MAX = 200;
const TICK_MS = 20;

const staying = new Set();
/** In the order in which they came. */
const passing = new Set();
const counts = { opened: 0, closed: 0 };
let ticking = null;
let settings = null;
let number = 0;

process.on('message', async (message) => {
  if (message.do === 'open') {
    settings = message;
    await openAll(message.connections);
    process.send({ did: 'open' });
  }
  if (message.do === 'churn') churn(message.churn);
  if (message.do === 'calm') {
    clearInterval(ticking);
    await Promise.all([...passing].map((stream) => stream.opened.then(() => leave(stream))));
    process.send({ did: 'calm', ...counts });
  }
  if (message.do === 'end') {
    clearInterval(ticking);
    for (const { socket } of [...staying, ...passing]) socket.destroy();
    process.disconnect();
  }
});

async function openAll(many) {
  let left = many;
  const one = async () => {
    while (left > 0) {
      left -= 1;
      const stream = open();
      staying.add(stream);
      await stream.opened;
    }
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE_MAX }, one));
}

function churn(perSecond) {
  let due = 0;
  let before = performance.now();
  ticking = setInterval(() => {
    const now = performance.now();
    due += ((now - before) * perSecond) / 1_000;
    before = now;
    for (; due >= 1; due -= 1) {
      const stream = open();
      passing.add(stream);
      // About a second after it came another one takes its place.
      const [oldest] = passing;
      if (passing.size > perSecond) void oldest.opened.then(() => leave(oldest));
    }
  }, TICK_MS);
}

function leave(stream) {
  if (!passing.delete(stream)) return;
  counts.closed += 1;
  stream.socket.destroy();
}

const KINDS = ['display', 'client', 'board'];

function open() {
  const { hostname, port, from } = settings;
  number += 1;
  const query = `channels=room:${number % 500}&type=${KINDS[number % 3]}&user=${from}-${number}`;
  const socket = connect({ host: hostname, port, localAddress: from });
  socket.write(`GET /api/sse/stream?${query} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
  const opened = new Promise((resolve, reject) => {
    let head = '';
    const hear = (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', hear);
      socket.resume();
      if (!head.startsWith('HTTP/1.1 200')) return reject(new Error(head));
      counts.opened += 1;
      resolve();
    };
    socket.on('data', hear);
    socket.once('error', reject);
  });
  return { socket, opened };
}
