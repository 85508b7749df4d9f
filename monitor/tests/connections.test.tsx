// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LivePage } from '../src/hub/connections.js';

const stream = vi.hoisted(() => ({
  hear: (_event: object) => {},
  channel: '',
  enabled: false,
  connected: true,
}));

vi.mock('../src/hub/client.js', () => ({
  useConnectionStatus: () => stream.connected,
  useChannel: (channel: string, hear: (event: object) => void, { enabled }: { enabled: boolean }) =>
    Object.assign(stream, { channel, hear, enabled }),
}));
const answer = vi.hoisted(() => ({ data: null as object | null }));
vi.mock('../src/hub/polled.js', () => ({ usePolled: () => ({ ...answer, stale: false, problem: null }) }));

const { useConnections } = await import('../src/hub/connections.js');

let seen: LivePage;

function View({ sort }: { sort: string }) {
  seen = useConnections({ sort });
  return null;
}

const show = (sort: string) => act(() => render(<View sort={sort} />, document.body));
const tell = (order: string[], rows: string[], full: boolean, channel = stream.channel) =>
  act(() =>
    stream.hear({
      type: 'connections',
      channel,
      data: { total: 9, next: null, order, rows: rows.map((id) => ({ id })), full },
    }),
  );

beforeEach(() => {
  stream.connected = true;
  answer.data = { connections: [], total: 0, next: null };
  vi.useFakeTimers();
});
afterEach(async () => {
  await act(() => render(null, document.body));
  vi.useRealTimers();
});

test('a page is built of the whole and what changed since', async () => {
  await show('user');
  await tell(['a', 'b'], ['a', 'b'], true);
  await tell(['b', 'c'], ['c'], false);
  expect([seen.live, seen.page?.order, stream.enabled]).toEqual([true, ['b', 'c'], true]);
});

test('who comes to a stream that goes on hears the whole by leaving it for a moment', async () => {
  await show('user');
  await tell(['a', 'b'], ['a'], false);
  expect([seen.live, stream.enabled]).toEqual([false, false]);
  await act(() => void vi.advanceTimersByTime(500));
  expect(stream.enabled).toBe(true);
  await tell(['a', 'b'], ['a', 'b'], true);
  expect([seen.live, seen.page?.order]).toEqual([true, ['a', 'b']]);
});

test('what was told while another page was shown is not passed over', async () => {
  await show('user');
  await tell(['a', 'b'], ['a', 'b'], true);
  await show('type');
  await tell(['a'], ['a'], true, '$hub/connections?sort=user');
  expect(seen.live).toBe(false);
  await show('user');
  await tell(['a', 'b'], ['a'], false);
  expect(stream.enabled).toBe(false);
});

test('a page is listened to once the hub has answered for it: a name that it refuses would end the stream', async () => {
  answer.data = null;
  await show('bogus');
  expect(stream.enabled).toBe(false);
  answer.data = { connections: [], total: 0, next: null };
  await show('user');
  expect([stream.enabled, stream.channel]).toEqual([true, '$hub/connections?sort=user']);
  answer.data = null;
  await show('other');
  expect(stream.enabled).toBe(false);
});

test('without the stream the page is asked for, and what it said last is shown until then', async () => {
  await show('user');
  await tell(['a', 'b'], ['a', 'b'], true);
  Object.assign(stream, { connected: false });
  answer.data = null;
  await show('user');
  expect([seen.live, seen.page?.order]).toEqual([false, ['a', 'b']]);
  answer.data = { connections: [{ id: 'b' }], total: 1, next: null };
  await show('user');
  stream.connected = true;
  await show('user');
  expect([seen.live, seen.page?.order]).toEqual([false, ['b']]);
});
