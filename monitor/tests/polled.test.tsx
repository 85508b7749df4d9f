// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

type Answer = (data: object | Error) => Promise<void>;
const hub = vi.hoisted(() => ({ asked: new Map<string, Answer>() }));

/** Each question waits for its answer, and an abort stops none: what is on its way comes. */
vi.mock('../src/hub/ask.js', () => ({
  ask: (path: string) =>
    new Promise((resolve, reject) => {
      hub.asked.set(path, async (data) => (data instanceof Error ? reject(data) : resolve(data)));
    }),
}));

const { usePolled } = await import('../src/hub/polled.js');
type Polled = ReturnType<typeof usePolled>;

let seen: Polled;

function View({ path }: { path: string }) {
  seen = usePolled(path, 1_000);
  return null;
}

const show = (path: string) => act(() => render(<View path={path} />, document.body));
const answer = (path: string, data: object | Error) => act(() => hub.asked.get(path)?.(data));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(async () => {
  await act(() => render(null, document.body));
  vi.useRealTimers();
});

test('an answer that comes late is not taken for another’s', async () => {
  await show('connections/1');
  await show('connections/2');
  await answer('connections/2', { id: 2 });
  await answer('connections/1', { id: 1 });
  expect([seen.data, seen.stale]).toEqual([{ id: 2 }, false]);
});

test('a problem is of the address that has it', async () => {
  await show('connections/1');
  await answer('connections/1', new Error('gone'));
  expect(seen.problem?.message).toBe('gone');
  await show('connections/2');
  expect(seen.problem).toBeNull();
  await answer('connections/2', { id: 2 });
  await show('connections/1');
  expect([seen.data, seen.stale, seen.problem]).toEqual([{ id: 2 }, true, null]);
});
