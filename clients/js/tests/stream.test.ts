// What a stream may say, the lease that it is held by, and loops over it.

import { describe, expect, test, vi } from 'vitest';
import { createClient, type Gap } from '../src/index.js';
import { given, opened, snapshot } from './harness/given.js';

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

test('an option that is undefined has its default', async () => {
  const names = ['transport', 'lingerMs', 'connectTimeoutMs', 'onMalformed', 'credentials', 'since', 'leaseSeconds'];
  const { world } = await opened(Object.fromEntries(names.map((name) => [name, undefined])));
  const stream = await world.last();
  expect([stream.credentials, stream.url.searchParams.get('lease')]).toEqual(['same-origin', '90']);
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

  test('an event that is passed over by a callback that throws harms neither the stream nor who listens', async () => {
    const onMalformed = () => {
      throw new Error('the callback’s own');
    };
    const { world, stream, events } = await opened({ onMalformed });
    await stream.send('id: c5\ndata: 7\n\nid: c6\ndata: {"channel":"jobs","data":1}\n\n');
    expect([events.length, snapshot().status, world.streams().length]).toEqual([1, 'connected', 1]);
    expect(world.reported).toEqual([new Error('the callback’s own')]);
  });

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
    given.client.subscribe('room:*', () => {}, { onGap: (gap) => rooms.push(gap) });
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
    const loop = given.client.events('jobs', { bufferMax: 2, onGap: (gap) => gaps.push(gap) });
    for (const at of [1, 2, 3]) await stream.event('jobs', at);
    expect(gaps).toEqual([{ channel: 'jobs', reason: 'overflow' }]);
    expect([(await loop.next()).value.data, (await loop.next()).value.data]).toEqual([2, 3]);
  });

  test.each(['return', 'throw'] as const)('that is left by `%s` is no subscriber any more', async (way) => {
    const { world } = await opened({ lingerMs: 0 });
    const loop = given.client.events('a');
    const waits = loop.next();
    await (await world.last('subscriptions')).answer(200, { channels: ['jobs', 'a'] });
    const left = loop[way]?.(way === 'throw' ? new Error('the loop’s own') : undefined);
    if (way === 'throw') await expect(left).rejects.toThrow('the loop’s own');
    expect([(await waits).done, (await loop.next()).done]).toEqual([true, true]);
    await world.pass(1);
    expect(JSON.parse((await world.last('subscriptions')).body)).toMatchObject({ add: [], remove: ['a'] });
  });

  test('and any subscription leave nothing on their signal, however they end', async () => {
    await opened();
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners += 1;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners -= 1;
      removeEventListener.apply(signal, args);
    };
    given.client.subscribe('jobs', () => {}, { signal })();
    void given.client.events('jobs', { signal }).return?.();
    given.client.subscribe('jobs', () => {}, { signal });
    given.client.events('jobs', { signal });
    expect(listeners).toBe(2);
    given.client.close();
    expect(listeners).toBe(0);
  });

  test('ends with its signal, and with the client', async () => {
    await opened();
    const stop = new AbortController();
    const [one, other] = [given.client.events('jobs', { signal: stop.signal }), given.client.events('jobs')];
    const [first, second, third] = [one.next(), other.next(), other.next()];
    stop.abort();
    expect((await first).done).toBe(true);
    given.client.close();
    expect([(await second).done, (await third).done]).toEqual([true, true]);
  });
});
