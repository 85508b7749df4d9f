// The parser against another one, over bytes cut anywhere; and against the golden pairs.

import { readdirSync, readFileSync } from 'node:fs';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parser } from '../src/parse.js';

interface Read {
  events: { type: string; data: string; id: string | undefined }[];
  retries: number[];
}

/** As the transport feeds it: pieces of bytes through a decoder. */
function decoded(bytes: Uint8Array, cuts: number[], feed: (text: string) => void): void {
  const decoder = new TextDecoder();
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const end of [...ends, bytes.length]) {
    feed(decoder.decode(bytes.subarray(from, end), { stream: true }));
    from = end;
  }
}

function ours(bytes: Uint8Array, cuts: number[]): Read {
  const read: Read = { events: [], retries: [] };
  const parse = parser(
    ({ type, data, id }) => data !== undefined && read.events.push({ type, data, id }),
    (name, value) => name === 'retry' && /^\d+$/.test(value) && read.retries.push(Number(value)),
  );
  decoded(bytes, cuts, parse);
  return read;
}

function theirs(bytes: Uint8Array): Read {
  const read: Read = { events: [], retries: [] };
  const other = createParser({
    onEvent: ({ event, data, id }) => read.events.push({ type: event || 'message', data, id }),
    onRetry: (ms) => read.retries.push(ms),
  });
  decoded(bytes, [], (text) => other.feed(text));
  return read;
}

const value = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '  x',
    ':',
    'a:b',
    '{"channel":"jobs"}',
    'é✓🙂',
    '1500',
    '01',
    '1e3',
    '-1',
    'a\0b',
    '\uFEFF',
  ),
  fc.string({ maxLength: 8 }).map((text) => text.replace(/[\r\n]/g, '')),
);
const name = fc.constantFrom('data', 'data', 'event', 'id', 'retry', '', 'Data', 'dat', 'data ', 'other');
const field = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name, fc.constantFrom(':', ': ', ''), value).map((parts) => parts.join('')) },
  { weight: 4, arbitrary: fc.constant('') },
);
const ending = fc.constantFrom('\n', '\n', '\r', '\r\n');
const stream = fc
  .tuple(fc.constantFrom('', '\uFEFF'), fc.array(fc.tuple(field, ending), { maxLength: 30 }), value)
  .map(([mark, lines, rest]) => new TextEncoder().encode(mark + lines.flat().join('') + rest));

describe('a stream', () => {
  test('cut anywhere reads as another parser reads it whole', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(400), { maxLength: 20 }), (bytes, cuts) => {
        expect(ours(bytes, cuts)).toEqual(theirs(bytes));
      }),
      { numRuns: 3_000 },
    );
  });

  test('cut at every byte, too', () => {
    const bytes = new TextEncoder().encode('\uFEFFid: c1\r\nevent: thing\r\ndata: é✓🙂\r\rdata\n\n: hush\ndata: x\n\n');
    const cuts = Array.from(bytes, (_, at) => at);
    expect(ours(bytes, cuts)).toEqual(theirs(bytes));
    expect(ours(bytes, cuts).events.map(({ data }) => data)).toEqual(['é✓🙂', '', 'x']);
  });

  test('ended by a bare CR is told at once', () => {
    const seen: unknown[] = [];
    const parse = parser(({ data }) => seen.push(data));
    parse('data: 1\r\r');
    expect(seen).toEqual(['1']);
    parse('\ndata: 2\r\n\r\n');
    expect(seen).toEqual(['1', '2']);
  });

  test('that never ends a line is given up, and one of many pieces is read in good time', () => {
    const parse = parser(() => {});
    const piece = 'x'.repeat(1024 * 1024);
    parse('data: ');
    for (let at = 0; at < 15; at += 1) parse(piece);
    expect(() => parse(piece)).toThrow(RangeError);
    const seen: (string | undefined)[] = [];
    const other = parser(({ data }) => seen.push(data));
    const begun = performance.now();
    other('data: ');
    for (let at = 0; at < 200_000; at += 1) other('0123456789');
    other('\n\n');
    expect(seen[0]).toHaveLength(2_000_000);
    // Putting it together at each piece takes minutes.
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});

const fixtures = new URL('../../../fixtures/wire/', import.meta.url);
const names = readdirSync(fixtures).filter((file) => file.endsWith('.json'));

test.each(names)('the golden pair %s is read as it says', (file) => {
  const { read } = JSON.parse(readFileSync(new URL(file, fixtures), 'utf8')) as {
    read: { type: string; id: string; data: string }[];
  };
  const bytes = readFileSync(new URL(file.replace(/json$/, 'sse'), fixtures));
  let last = '';
  const events = ours(bytes, [7, 50]).events.map(({ type, data, id = last }) => {
    last = id;
    return { type, id, data };
  });
  expect(events).toEqual(read);
});
