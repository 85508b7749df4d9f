import { expect, test } from 'vitest';
import { audit, balance, headline, histogram } from '../src/books.js';
import type { Stats } from '../src/hub/types.js';
import { jsonProblem, publishBody } from '../src/json.js';
import { moment } from '../src/moments.js';
import { extremes, points } from '../src/spark.js';
import { came, EMPTY, gather, pause, TAIL_LINES_MAX, type Tail } from '../src/tail.js';

const books = (active: number, opened: number, closed: Record<string, number>) =>
  ({ connections: { active, opened_total: opened, closed_total: closed } }) as unknown as Stats;

test('the balance holds where what was opened and has not closed is in the table', () => {
  expect(balance(books(2, 9, { client_left: 4, lost: 3 }))).toEqual({ opened: 9, closed: 7, open: 2, holds: true });
  expect(balance(books(3, 9, { client_left: 4, lost: 3 })).holds).toBe(false);
});

test('an audit that has not run claims nothing', () => {
  expect(audit({ mismatch: 0, audits: 0, audited_at: null })).toEqual({ holds: 'unknown', words: 'Audit not yet run' });
  expect(audit({ mismatch: 0, audits: 1, audited_at: 1 })).toEqual({ holds: 'true', words: 'Audit mismatch 0' });
  expect(audit({ mismatch: 3, audits: 1, audited_at: 1 }).holds).toBe('false');
});

test('the headline says that the page counts itself', () => {
  expect(headline(1, true)).toEqual({ number: '1', rest: ', this monitor' });
  expect(headline(19_004, true)).toEqual({ number: '19,004', rest: ', this monitor among them' });
  expect(headline(3, false)).toEqual({ number: '3', rest: '' });
});

test('a histogram has what occurs, the most frequent first', () => {
  expect(histogram({ lost: 1, client_left: 3, kicked: 0, error: 1 })).toEqual([
    { name: 'client_left', number: 3, share: 0.6 },
    { name: 'error', number: 1, share: 0.2 },
    { name: 'lost', number: 1, share: 0.2 },
  ]);
});

test('a sparkline ends at the right edge, and is empty where nothing is known', () => {
  expect(points([0, 10], 3, 10, 100, 12)).toBe('50,11 100,1');
  expect(points([], 3, 10, 100, 12)).toBe('');
  expect(extremes([])).toEqual({ lowest: 0, highest: 0, latest: 0 });
});

test('a tail keeps the newest, and holds still while it is paused', () => {
  let tail: Tail<number> = came(EMPTY as Tail<number>, [1, 2]);
  expect(tail.lines).toEqual([2, 1]);
  tail = came(pause(tail, true), [3, 4]);
  expect([tail.lines, tail.waiting, tail.seen]).toEqual([[2, 1], [4, 3], 4]);
  tail = pause(tail, false);
  expect([tail.lines, tail.waiting]).toEqual([[4, 3, 2, 1], []]);
});

test('what waits to be drawn is bounded, and counted all the same', () => {
  const news: number[] = [];
  let most = 0;
  for (let line = 1; line <= 10_000; line++) {
    gather(news, line);
    most = Math.max(most, news.length);
  }
  expect(most).toBeLessThan(2 * TAIL_LINES_MAX);
  const tail = came(EMPTY as Tail<number>, news, 10_000);
  expect([tail.seen, tail.lines.length, tail.lines[0]]).toEqual([10_000, TAIL_LINES_MAX, 10_000]);
});

test('a tail is bounded, paused or not', () => {
  const many = Array.from({ length: 3 * TAIL_LINES_MAX }, (_, place) => place);
  const paused = came(pause(EMPTY as Tail<number>, true), many);
  expect(paused.waiting).toHaveLength(TAIL_LINES_MAX);
  const going = came(pause(paused, false), many);
  expect(going.lines).toHaveLength(TAIL_LINES_MAX);
  expect([going.lines[0], going.seen]).toEqual([many.length - 1, 2 * many.length]);
});

test('what is wrong with a JSON text is said with its place', () => {
  expect(jsonProblem('{"a": 1}')).toBeNull();
  expect(jsonProblem(' ')).toContain('nothing here');
  expect(jsonProblem('{"a": 1,\n "b" 2}')).toMatch(/line 2, column 6/);
  expect(jsonProblem('[1,')).not.toBeNull();
});

test('what is published is what was typed, to the digit', () => {
  expect(publishBody('a"b', '', '12345678901234567890')).toBe('{"channel":"a\\"b","data":12345678901234567890}');
  expect(publishBody('a', 't', '{"z":1,"a":1.0}')).toBe('{"channel":"a","type":"t","data":{"z":1,"a":1.0}}');
});

test('a moment that is not known is told as the hub names it', () => {
  expect(moment({ at: 0, what: 'closed', reason: 'lost' })).toMatchObject({ words: 'Closed: lost', tone: 'wrong' });
  expect(moment({ at: 0, what: 'moved', to: 'b' })).toEqual({ words: 'moved', detail: 'to "b"', tone: 'calm' });
});
