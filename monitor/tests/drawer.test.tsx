// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, expect, test, vi } from 'vitest';

const asked = vi.hoisted(() => ({ data: null as object | null, problem: null as object | null }));

vi.mock('../src/hub/client.js', () => ({ useConnectionStatus: () => undefined }));
const who = vi.hoisted(() => ({ may: true }));
vi.mock('../src/hub/session.js', () => ({ useMay: () => who.may }));
vi.mock('../src/hub/polled.js', () => ({ usePolled: () => ({ stale: false, ...asked, again: () => {} }) }));

const { ConnectionDrawer } = await import('../src/views/connection-drawer.js');

const connection = { id: 'c1', user: 'ada', type: 'client', client_id: null, remote: '', node: '', channels: [] };
const live = { connection, closed: null, timeline: [] };
const ended = { connection, closed: { reason: 'lost', closed_at: 1 }, timeline: [] };
const show = async (data: object | null, status?: number, stale = false) => {
  Object.assign(asked, { data, stale, problem: status ? { status, message: 'no' } : null });
  await act(() => render(<ConnectionDrawer id="c1" onClose={() => {}} />, document.body));
  return document.body.textContent;
};

afterEach(() => act(() => render(null, document.body)));

test('what the hub no longer knows is not shown as open', async () => {
  expect(await show(live)).toMatch(/Open.*Kick/s);
  expect(await show(live, 404)).toMatch(/knows no such connection/);
  expect(document.body.textContent).not.toMatch(/Open|Kick/);
});

test('how a connection ended stays true when the hub has forgotten it', async () => {
  expect(await show(ended, 404)).toMatch(/Closed lost/);
});

test('a hub that can’t be reached says so, beside what it said last', async () => {
  expect(await show(live, 503)).toMatch(/Open.*no|no.*Open/s);
});

test('what is known of another connection is not shown for this one', async () => {
  expect(await show(live, undefined, true)).not.toMatch(/ada|Open|Kick/);
});

test('who may only look is offered nothing else', async () => {
  who.may = false;
  expect(await show(live)).toMatch(/Open/);
  expect(document.body.textContent).not.toMatch(/Kick/);
  who.may = true;
});
