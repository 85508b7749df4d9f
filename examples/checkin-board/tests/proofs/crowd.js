// `npm run prove -w checkin-board`: a thousand boards of one room, in both ways of running. What each costs, and how
// long a check-in takes to all of them. What the school measured once: 10 KB a connection, 1 ms.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { within } from '../../../../e2e/harness/until.js';
import { AMIR, School, WAYS } from '../harness/school.js';

const BOARDS = 1_000;
const CHECKINS = 200;
const FLOOR_BYTES = 10_000;
const ANSWER_WITHIN_MS = 30_000;

const rows = [];
for (const way of WAYS) {
  const school = await School.start(way, { connections_per_ip: 0 }, 'info');
  try {
    rows.push([way, ...(await crowd(school))]);
    await school.assertBooksAreClosed();
  } finally {
    await school.stop();
  }
}
console.log(`${BOARDS} boards of one room, ${CHECKINS} check-ins and check-outs at its reader\n`);
console.log(
  '| the hub | memory a connection | to publish, on average | publish to write, p50 | p99 | until the last board has it, p50 | p99 |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const [way, bytes, ...times] of rows) {
  const ms = times.map((ms) => `${ms.toFixed(2)} ms`);
  console.log(`| ${way} | ${bytes} bytes | ${ms.join(' | ')} |`);
}
console.log(
  '\nTo publish is to have it in the log and all readers woken; to write, from then until a board’s socket has it.',
);
console.log(
  'The last two columns are from the moment before the reader’s request, its transaction included, until this',
);
console.log('process, which reads for all of the boards, has read the last of them.');

async function crowd(school) {
  const ada = await school.as('ada');
  const group = await ada.start('Art room');
  const token = await school.mint('2', { subscribe: [`group:${group}`], limit: 0 });
  // One that comes and goes first, so that what is made once is not counted.
  (await board(school, token)).end();
  await school.settlesAt(0);
  const before = await resident(school.hubProcess.pid);
  const boards = [];
  while (boards.length < BOARDS) {
    boards.push(...(await Promise.all(Array.from({ length: 50 }, () => board(school, token)))));
  }
  await school.settlesAt(BOARDS);
  const bytes = Math.round(((await resident(school.hubProcess.pid)) - before) / BOARDS);
  assert.ok(bytes < FLOOR_BYTES, `${bytes} bytes a connection`);

  const waits = [];
  for (let n = 0; n < CHECKINS; n += 1) {
    const heard = Promise.all(boards.map((board) => board.next()));
    const from = performance.now();
    await school.scan('Art room', AMIR.tag, n % 2 ? 'checkout' : 'checkin');
    await within(ANSWER_WITHIN_MS, heard, 'all boards');
    waits.push(performance.now() - from);
  }
  const { latency, events } = await school.stats();
  const publishing = await metric(school, 'tidings_publish_queue_seconds');
  assert.equal(events.gaps_total, 0);
  for (const board of boards) board.end();
  waits.sort((one, other) => one - other);
  const at = (part) => waits[Math.floor(CHECKINS * part)];
  return [bytes, publishing, latency.publish_to_write_p50_ms, latency.publish_to_write_p99_ms, at(0.5), at(0.99)];
}

/** One stream, by a plain socket. `next()` is its next event of a student. */
async function board(school, token) {
  const { hostname, port, host } = new URL(school.hubUrl);
  const socket = connect(Number(port), hostname);
  let hear = () => {};
  const open = new Promise((resolve) => {
    socket.on('data', (bytes) => {
      if (bytes.includes('event: student_')) hear();
      if (bytes.includes('event: connected')) resolve();
    });
  });
  socket.write(`GET /api/sse/stream HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await within(ANSWER_WITHIN_MS, open, 'a stream');
  const next = () =>
    new Promise((resolve) => {
      hear = resolve;
    });
  return { next, end: () => socket.destroy() };
}

/** The average of a histogram of the hub's, in milliseconds. */
async function metric(school, name) {
  const text = await (await fetch(`${school.hubUrl}/metrics`)).text();
  const value = (suffix) => Number(new RegExp(`^${name}_${suffix} (\\S+)$`, 'm').exec(text)[1]);
  return (value('sum') / value('count')) * 1_000;
}

/** Bytes that a process has in memory. */
async function resident(pid) {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Rss:\s+(\d+) kB/m.exec(rollup)[1]) * 1024;
}
