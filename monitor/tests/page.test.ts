import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ConnectionRow } from '../src/hub/types.js';
import { applied, type Page } from '../src/rows/page.js';

const row = (id: string, events = 0) => ({ id, events_sent: events }) as ConnectionRow;
const event = (order: string[], rows: ConnectionRow[], full = false) => ({
  total: order.length,
  next: null,
  order,
  rows,
  full,
});

test('a first event has all rows; a later one those that changed', () => {
  const first = applied(null, event(['a', 'b'], [row('a'), row('b')], true), 1_000);
  const later = applied(first, event(['b', 'c', 'a'], [row('a', 7), row('c')]), 1_000);
  expect(later?.order).toEqual(['b', 'c', 'a']);
  expect(later?.rows.get('a')?.events_sent).toBe(7);
  expect(later?.rows.get('b')).toBe(first?.rows.get('b'));
});

test('what stands on an unknown page is none', () => {
  expect(applied(null, event(['a', 'b'], [row('a')]), 1_000)).toBeNull();
  const known = applied(null, event(['a'], [row('a')], true), 1_000);
  expect(applied(known, event(['a', 'b'], []), 1_000)).toBeNull();
  expect(applied(known, event(['a'], [], true), 1_000)).toBeNull();
});

test('rows that left are forgotten: one that comes back must be told anew', () => {
  const first = applied(null, event(['a', 'b'], [row('a'), row('b')], true), 1_000);
  const without = applied(first, event(['a'], []), 1_000);
  expect(without?.rows.has('b')).toBe(false);
  expect(applied(without, event(['a', 'b'], []), 1_000)).toBeNull();
});

test('however a page changes, the events make the hub’s own of it', () => {
  const state = fc.uniqueArray(fc.tuple(fc.constantFrom(...'abcdefgh'), fc.nat(3)), {
    selector: ([id]) => id,
    maxLength: 6,
  });
  fc.assert(
    fc.property(fc.array(state, { minLength: 1 }), (states) => {
      let page: Page<ConnectionRow> | null = null;
      let told = new Map<string, number>();
      for (const [place, rows] of states.entries()) {
        const news = rows
          .filter(([id, events]) => place === 0 || told.get(id) !== events)
          .map(([id, events]) => row(id, events));
        page = applied(
          page,
          event(
            rows.map(([id]) => id),
            news,
            place === 0,
          ),
          place,
        );
        told = new Map(rows);
        expect([...(page?.rows.values() ?? [])].map(({ id, events_sent }) => [id, events_sent])).toEqual(rows);
      }
    }),
  );
});
