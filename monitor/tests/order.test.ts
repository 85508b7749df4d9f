import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arranged, changes } from '../src/rows/order.js';

test('while they are held, rows stay where they are, and the changes are counted', () => {
  expect(arranged(['a', 'b', 'c'], ['b', 'c', 'd'], true)).toEqual({ shown: ['a', 'b', 'c'], waiting: 2 });
  expect(arranged(['a', 'b', 'c'], ['b', 'c', 'd'], false)).toEqual({ shown: ['b', 'c', 'd'], waiting: 0 });
});

test('a list that shows nothing yet holds nothing', () => {
  expect(arranged([], ['a'], true)).toEqual({ shown: ['a'], waiting: 0 });
});

test.each([
  ['nothing', 'abc', 'abc', 0],
  ['one goes', 'abc', 'ac', 1],
  ['one comes', 'abc', 'abcd', 1],
  ['one moves to the front', 'abcd', 'dabc', 1],
  ['two change places', 'abcd', 'bacd', 1],
  ['all turn round', 'abcd', 'dcba', 3],
  ['all are others', 'ab', 'cd', 4],
])('%s', (_what, from, to, many) => {
  expect(changes([...from], [...to])).toBe(many);
});

test('no changes means the same order, and there are never more than rows that could change', () => {
  const order = fc.uniqueArray(fc.nat(30).map(String));
  fc.assert(
    fc.property(order, order, (from, to) => {
      const many = changes(from, to);
      expect(many === 0).toBe(from.join() === to.join());
      expect(many).toBeLessThanOrEqual(from.length + to.length);
    }),
  );
});
