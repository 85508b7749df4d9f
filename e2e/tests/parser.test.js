// The pages' reader of event streams: the same events wherever the network cuts the bytes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events } from '../../crates/tidings-server/src/pages/sse.js';

const STREAM = [
  '\uFEFFretry: 1500\r\nevent: connected\r\nid: a-1\r\ndata: {"n":1}\r\n\r\n',
  ': heartbeat\n\n',
  'data:one\ndata:  two\ndata\n\n',
  'id\nevent: nothing without data\n\n',
  'id: b\0d\ndata: ünïcödé 🗞\rignored: field\r\r',
  'event: cut off\ndata: never ended\n',
].join('');
const EVENTS = [
  { type: 'connected', data: '{"n":1}', id: 'a-1', retry: 1500 },
  { type: 'message', data: 'one\n two\n', id: 'a-1', retry: 1500 },
  { type: 'message', data: 'ünïcödé 🗞', id: '', retry: 1500 },
];

test('the parser reads the same whole, cut anywhere, and byte by byte', async () => {
  const bytes = new TextEncoder().encode(STREAM);
  assert.deepEqual(await read([bytes]), EVENTS);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    assert.deepEqual(await read([bytes.slice(0, cut), bytes.slice(cut)]), EVENTS, `cut at ${cut}`);
  }
  assert.deepEqual(await read(Array.from(bytes, (byte) => Uint8Array.of(byte))), EVENTS);
});

async function read(chunks) {
  const found = [];
  let told = 0;
  for await (const event of events(ReadableStream.from(chunks), () => (told += 1))) found.push(event);
  assert.ok(told > 0, 'every chunk is a sign of life');
  return found;
}
