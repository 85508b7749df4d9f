// The page's life, silence, the lease, and what a stream may say.

import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type AnyEvents,
  type Client,
  type ClientOptions,
  createClient,
  type Gap,
  type TidingsEvent,
} from '../src/index.js';
import { settled, World } from './harness/world.js';

let client: Client;

async function opened(options: Partial<ClientOptions<AnyEvents>> = {}) {
  const world = new World();
  client = createClient({ url: 'http://hub', platform: world.platform, ...options });
  const events: TidingsEvent[] = [];
  const gaps: Gap[] = [];
  client.subscribe('jobs', (event) => events.push(event), { onGap: (gap) => gaps.push(gap) });
  const stream = await (await world.last()).open();
  return { world, stream, events, gaps };
}

const snapshot = () => client.status.getSnapshot();

afterEach(() => client.close());

describe('the page', () => {
  test('that is left says goodbye, and one that comes back goes on where it stopped', async () => {
    const { world, stream } = await opened();
    await stream.event('jobs', 1, 'c7');
    world.page?.suspend();
    expect(world.beacons).toEqual(['http://hub/api/sse/disconnect secret']);
    expect(snapshot()).toMatchObject({ status: 'suspended', connection: null });
    expect([world.timers, world.streams()[0]?.aborted()]).toEqual([0, true]);
    await world.pass(600_000);
    expect(world.streams()).toHaveLength(1);
    world.page?.resume();
    const again = await world.last();
    expect(again.url.searchParams.get('last_event_id')).toBe('c7');
    expect(again.url.searchParams.get('client_id')).toBe(world.streams()[0]?.url.searchParams.get('client_id'));
    await again.open();
    expect(snapshot().status).toBe('connected');
  });

  test('frozen while it waited, or while it connected', async () => {
    const { world, stream } = await opened();
    await stream.end();
    world.page?.suspend();
    expect([snapshot().status, world.timers]).toEqual(['suspended', 0]);
    world.page?.resume();
    await settled();
    world.page?.suspend();
    expect([snapshot().status, world.timers]).toEqual(['suspended', 0]);
    expect((await world.last()).aborted()).toBe(true);
  });

  test('that comes back with nobody subscribed stays quiet', async () => {
    const world = new World();
    client = createClient({ url: 'http://hub', platform: world.platform, lingerMs: 0 });
    const off = client.subscribe('jobs', () => {});
    await (await world.last()).open();
    off();
    world.page?.suspend();
    await world.pass(1);
    world.page?.resume();
    await settled();
    expect([snapshot().status, world.streams().length]).toEqual(['idle', 1]);
  });

  test('that was suspended may be closed', async () => {
    const { world } = await opened();
    world.page?.suspend();
    client.close();
    expect([snapshot().status, world.page, world.timers]).toEqual(['closed', null, 0]);
  });

  test('that is idle or has failed is not touched', async () => {
    const { world, stream } = await opened();
    await stream.control('closing', { reason: 'kicked', reconnect: false });
    world.page?.suspend();
    world.page?.resume();
    await settled();
    expect([snapshot().status, world.streams().length]).toEqual(['failed', 1]);
  });
});

describe('silence', () => {
  test('of two and a half heartbeats is the end of a stream, and any byte breaks it', async () => {
    const { world, stream } = await opened({ leaseSeconds: 0 });
    for (let beat = 0; beat < 5; beat += 1) {
      await world.pass(37_499);
      await stream.send(': heartbeat\n\n');
    }
    expect([snapshot().status, world.streams().length]).toEqual(['connected', 1]);
    await world.pass(37_500);
    expect(snapshot()).toMatchObject({ status: 'reconnecting', error: { code: 'timeout' } });
    expect(world.streams()[0]?.aborted()).toBe(true);
  });

  test('is looked for when the page is looked at again, however late its timers are', async () => {
    const { world } = await opened();
    world.now += 3_600_000;
    world.page?.nudge();
    await settled();
    expect(world.streams()).toHaveLength(2);
  });

  test('of a connect has a bound of its own', async () => {
    const world = new World();
    client = createClient({ url: 'http://hub', platform: world.platform, connectTimeoutMs: 5_000 });
    client.subscribe('jobs', () => {});
    await world.pass(4_999);
    expect(snapshot().status).toBe('connecting');
    await world.pass(1);
    expect(snapshot()).toMatchObject({ status: 'reconnecting', error: { code: 'timeout' } });
  });
});

describe('the lease', () => {
  test('is renewed each third, and a lost check-in is made up for', async () => {
    const { world, stream } = await opened({ leaseSeconds: 30 });
    expect((await world.last()).url.searchParams.get('lease')).toBe('30');
    const checkIns = () => world.requests.filter(({ url }) => url.pathname.endsWith('/alive'));
    for (let third = 1; third <= 4; third += 1) {
      await world.pass(10_000);
      await stream.send(': heartbeat\n\n');
      expect(checkIns()).toHaveLength(third);
      if (third % 2) await checkIns().at(-1)?.fail();
      else await checkIns().at(-1)?.answer(204);
    }
    expect(checkIns()[0]).toMatchObject({ method: 'POST', body: 'secret' });
    expect(snapshot().status).toBe('connected');
  });

  test('of a stream that is gone opens another', async () => {
    const { world } = await opened({ leaseSeconds: 30 });
    await world.pass(10_000);
    await (await world.last('alive')).answer(404);
    expect(snapshot()).toMatchObject({ status: 'reconnecting', error: { code: 'lease' } });
  });

  test.each([1, 2.5, 3_601, Number.NaN])('of %d seconds can’t be', (leaseSeconds) => {
    expect(() => createClient({ url: '', leaseSeconds })).toThrow(RangeError);
  });
});

describe('what a stream says', () => {
  test.each(['{"channel":', '7', 'null', '{}', '[]'])(
    'an event of %s is passed over, and the stream goes on',
    async (data) => {
      const onMalformed = vi.fn();
      const { world, stream, events } = await opened({ onMalformed });
      await stream.send(`id: c5\nevent: thing\ndata: ${data}\n\n`);
      expect(onMalformed).toHaveBeenCalledWith(data);
      await stream.event('jobs', 1, 'c6');
      expect([events.length, snapshot().status, world.streams().length]).toEqual([1, 'connected', 1]);
    },
  );

  test('an event that was cut is not counted', async () => {
    const { world, stream, events } = await opened();
    await stream.event('jobs', 1, 'c6');
    await stream.send('id: c7\nevent: thing\ndata: {"channel":"jobs","data":2}\n');
    await stream.end();
    await world.pass(1_000);
    expect(events).toHaveLength(1);
    expect((await world.last()).url.searchParams.get('last_event_id')).toBe('c6');
  });

  test('bytes that part a letter are one letter', async () => {
    const { stream, events } = await opened();
    for (const text of ['id: c1\ndata: {"channel":"jobs","data":"', '✓"}\n', '\n']) await stream.send(text);
    expect(events[0]).toMatchObject({ type: 'message', data: '✓' });
  });

  test('a gap reaches those whom it concerns', async () => {
    const { stream, gaps } = await opened();
    const rooms: Gap[] = [];
    client.subscribe('room:*', () => {}, { onGap: (gap) => rooms.push(gap) });
    await stream.control('gap', { channel: 'jobs', reason: 'slow' });
    await stream.control('gap', { channel: 'room:7', reason: 'trimmed' });
    await stream.control('gap', { channel: '*', reason: 'epoch' });
    expect(gaps.map(({ reason }) => reason)).toEqual(['slow', 'epoch']);
    expect(rooms.map(({ channel }) => channel)).toEqual(['room:7', '*']);
  });

  test('members and events that nobody knows yet are passed over', async () => {
    const { stream, events } = await opened({ onMalformed: () => {} });
    await stream.control('someday', { news: true });
    await stream.event('jobs', 1);
    expect(events).toHaveLength(1);
  });
});

describe('a loop', () => {
  test('that lags loses the oldest, and is told', async () => {
    const { stream } = await opened();
    const gaps: Gap[] = [];
    const loop = client.events('jobs', { bufferMax: 2, onGap: (gap) => gaps.push(gap) });
    for (const at of [1, 2, 3]) await stream.event('jobs', at);
    expect(gaps).toEqual([{ channel: 'jobs', reason: 'overflow' }]);
    expect([(await loop.next()).value.data, (await loop.next()).value.data]).toEqual([2, 3]);
  });

  test('ends with its signal, and with the client', async () => {
    await opened();
    const stop = new AbortController();
    const [one, other] = [client.events('jobs', { signal: stop.signal }), client.events('jobs')];
    const [first, second, third] = [one.next(), other.next(), other.next()];
    stop.abort();
    expect((await first).done).toBe(true);
    client.close();
    expect([(await second).done, (await third).done]).toEqual([true, true]);
  });
});
