import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pacer } from '../src/pace.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the first at once, then the latest, once in a while', () => {
  const seen: number[] = [];
  const offer = pacer(
    (value: number) => seen.push(value),
    1_000,
    () => Date.now(),
  );
  offer(1);
  offer(2);
  offer(3);
  expect(seen).toEqual([1]);
  vi.advanceTimersByTime(999);
  expect(seen).toEqual([1]);
  vi.advanceTimersByTime(1);
  expect(seen).toEqual([1, 3]);
  vi.advanceTimersByTime(5_000);
  offer(4);
  expect(seen).toEqual([1, 3, 4]);
});
