import { expect, test } from 'vitest';
import { bytes, clock, count, duration, exact, plural, rate, relative } from '../src/format.js';

test.each([
  [0, '0 ms'],
  [850.4, '850 ms'],
  [12_900, '12 s'],
  [185_000, '3 min 05 s'],
  [7_620_000, '2 h 07 min'],
  [356_400_000, '4 d 03 h'],
  [-1, '–'],
  [Number.NaN, '–'],
  [null, '–'],
])('%s ms last %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test.each([
  [0, '0 B'],
  [1_023, '1023 B'],
  [1_024, '1.0 KiB'],
  [1_048_560, '1.0 MiB'],
  [8 * 1_048_576, '8.0 MiB'],
  [3e15, '2728.5 TiB'],
])('%s bytes are %s', (number, words) => {
  expect(bytes(number)).toBe(words);
});

test('counts are grouped, rates rounded where it does not matter', () => {
  expect([count(19_004), count(null), plural(1, 'change'), plural(1_200, 'change')]).toEqual([
    '19,004',
    '–',
    '1 change',
    '1,200 changes',
  ]);
  expect([rate(0), rate(0.24), rate(12.55), rate(1_203.6)]).toEqual(['0', '0.2', '12.6', '1,204']);
});

test('ages are told towards both sides', () => {
  expect([relative(10_000, 10_400), relative(0, 12_000), relative(190_000, 5_000), relative(null, 0)]).toEqual([
    'now',
    '12 s ago',
    'in 3 min',
    '–',
  ]);
});

test('the day is told where it is not today', () => {
  const at = new Date(2026, 10, 21, 18, 5, 9, 7).getTime();
  expect(clock(at, at + 1)).toBe('18:05:09');
  expect(clock(at, at + 86_400_000)).toBe('2026-11-21 18:05:09');
  expect(exact(at)).toBe('2026-11-21 18:05:09.007');
});
