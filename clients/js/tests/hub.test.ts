// The client against the real hub: what is counted is read from the hub's own books.

import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { type Client, createClient, type Gap, type Status, type TidingsEvent } from '../src/index.js';
import { Hub } from './harness/hub.js';
import { until } from './harness/until.js';

interface Events {
  jobs: { job_started: { id: number }; job_completed: { id: number; status: string } };
  'pending-changes': { manifest_changed: { project_folder: string } };
  [room: `room:${string}`]: { door: { open: boolean } };
}

const SWIFT = { firstMs: 20, maxMs: 100, stableMs: 1_000 };

let hub: Hub;
let clients: Client<Events>[] = [];

beforeEach(async () => {
  hub = await Hub.start({ TIDINGS_LIMITS_CONNECTIONS_PER_USER: '100' });
});

afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await hub.stop();
});

function client(more = {}): Client<Events> {
  const made = createClient<Events>({ url: hub.url, backoff: SWIFT, lingerMs: 30, ...more });
  clients.push(made);
  return made;
}

const is = (one: Client<Events>, status: Status) =>
  until(
    () => one.status.getSnapshot().status === status,
    () => `${JSON.stringify(one.status.getSnapshot())}, not ${status}`,
  );

const active = (one: Client<Events>, channel: string) =>
  until(
    () => one.status.getSnapshot().channels[channel] === 'active',
    () => JSON.stringify(one.status.getSnapshot()),
  );

describe('subscriptions', () => {
  test('the first subscriber opens, others share, the last closes', async () => {
    const one = client();
    expect(one.status.getSnapshot().status).toBe('idle');
    const ids: number[] = [];
    const off = one.on('jobs', 'job_started', ({ data }) => ids.push(data.id));
    const more = [one.subscribe('jobs', () => {}), one.subscribe('pending-changes', () => {})];
    await active(one, 'pending-changes');
    expect((await hub.connections()).map(({ channels }) => channels.sort())).toEqual([['jobs', 'pending-changes']]);
    await hub.publish('jobs', { id: 7 }, 'job_started');
    await hub.publish('jobs', { id: 7, status: 'done' }, 'job_completed');
    await hub.publish('jobs', { id: 8 }, 'job_started');
    await until(() => ids.length === 2);
    expect(ids).toEqual([7, 8]);
    for (const end of [off, ...more]) end();
    await is(one, 'idle');
    await hub.settlesAt(0);
    expect((await hub.stats()).connections.opened_total).toBe(1);
  });

  test('a channel that is added later comes on the same stream, and goes with its last subscriber', async () => {
    const one = client();
    one.subscribe('jobs', () => {});
    await is(one, 'connected');
    const doors: TidingsEvent[] = [];
    const off = one.subscribe('room:1', (event) => doors.push(event));
    await active(one, 'room:1');
    await hub.publish('room:1', { open: true }, 'door');
    await until(() => doors.length === 1);
    expect(doors[0]).toMatchObject({ channel: 'room:1', type: 'door', data: { open: true } });
    off();
    await until(async () => (await hub.connections())[0]?.channels.join() === 'jobs');
    expect(Object.keys(one.status.getSnapshot().channels)).toEqual(['jobs']);
    expect((await hub.stats()).connections.opened_total).toBe(1);
  });

  test('more channels than a stream may have are denied until others go, also where it begins with them', async () => {
    await hub.stop();
    hub = await Hub.start({ TIDINGS_LIMITS_CHANNELS_PER_CONNECTION: '2' });
    const one = client();
    const offs = ['room:1', 'room:2', 'room:3'].map((room) => one.subscribe(room as 'room:1', () => {}));
    await active(one, 'room:2');
    expect(one.status.getSnapshot().channels).toEqual({ 'room:1': 'active', 'room:2': 'active', 'room:3': 'denied' });
    offs[0]?.();
    await active(one, 'room:3');
    one.subscribe('jobs', () => {});
    await until(() => one.status.getSnapshot().channels.jobs === 'denied');
    offs[1]?.();
    await active(one, 'jobs');
    expect((await hub.stats()).connections.opened_total).toBe(1);
  });

  test('fifty mounts and unmounts, each twice at once, are one stream', async () => {
    const one = client({ lingerMs: 250 });
    for (let round = 0; round < 50; round += 1) {
      one.subscribe('jobs', () => {})();
      const off = one.subscribe('jobs', () => {});
      if (round === 0) await is(one, 'connected');
      off();
    }
    one.subscribe('jobs', () => {});
    expect((await hub.stats()).connections).toMatchObject({ opened_total: 1, active: 1 });
  });

  test('a pattern has what it matches, once for each who listens', async () => {
    const one = client();
    const [all, single, some]: [string[], string[], string[]] = [[], [], []];
    one.subscribe('room:*', ({ channel }) => all.push(channel));
    one.subscribe('room:2', ({ channel }) => single.push(channel));
    const stop = new AbortController();
    one.subscribe('room:*', ({ channel }) => some.push(channel) === 1 && stop.abort(), { signal: stop.signal });
    await active(one, 'room:2');
    for (const room of [1, 2, 3]) await hub.publish(`room:${room}`, { open: true }, 'door');
    await until(() => all.length === 3);
    expect([all, single, some]).toEqual([['room:1', 'room:2', 'room:3'], ['room:2'], ['room:1']]);
  });

  test('a loop has the events in order, and leaving it closes the stream', async () => {
    const one = client();
    const events = one.events('jobs');
    await is(one, 'connected');
    for (const id of [1, 2, 3]) await hub.publish('jobs', { id }, 'job_started');
    const ids: number[] = [];
    for await (const event of events) {
      expectTypeOf(event.type).toEqualTypeOf<'job_started' | 'job_completed'>();
      ids.push(event.data.id);
      if (ids.length === 3) break;
    }
    expect(ids).toEqual([1, 2, 3]);
    await is(one, 'idle');
  });

  test('a listener that throws harms no other', async () => {
    const reported: unknown[] = [];
    const one = client({ platform: { report: (error: unknown) => reported.push(error) } });
    const seen: TidingsEvent[] = [];
    one.subscribe('jobs', () => {
      throw new Error('a bug of the application');
    });
    one.subscribe('jobs', (event) => seen.push(event));
    await is(one, 'connected');
    await hub.publish('jobs', { id: 1 }, 'job_started');
    await until(() => seen.length === 1);
    expect(reported).toHaveLength(1);
    expect(one.status.getSnapshot().status).toBe('connected');
  });
});

describe('resuming', () => {
  test('what is published while the hub restarts is there, in order, once', async () => {
    const one = client();
    const ids: number[] = [];
    const gaps: Gap[] = [];
    const statuses: Status[] = [];
    one.status.subscribe(() => statuses.push(one.status.getSnapshot().status));
    one.on('jobs', 'job_started', ({ data }) => ids.push(data.id), { onGap: (gap) => gaps.push(gap) });
    await is(one, 'connected');
    for (let id = 0; id < 5; id += 1) await hub.publish('jobs', { id }, 'job_started');
    await until(() => ids.length === 5);
    await hub.down();
    await is(one, 'reconnecting');
    await hub.up();
    for (let id = 5; id < 10; id += 1) await hub.publish('jobs', { id }, 'job_started');
    await until(() => ids.length === 10);
    expect(ids).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(gaps).toEqual([]);
    expect(new Set(statuses)).toEqual(new Set(['connecting', 'connected', 'reconnecting']));
  });

  test('after a crash the gap is told, and the stream goes on', async () => {
    const one = client();
    const gaps: Gap[] = [];
    const ids: number[] = [];
    one.on('jobs', 'job_started', ({ data }) => ids.push(data.id), { onGap: (gap) => gaps.push(gap) });
    await is(one, 'connected');
    await hub.publish('jobs', { id: 1 }, 'job_started');
    await until(() => ids.length === 1);
    await hub.crash();
    await is(one, 'reconnecting');
    await hub.up();
    await until(() => gaps.length === 1);
    expect(gaps).toEqual([{ channel: 'jobs', reason: 'epoch' }]);
    await hub.publish('jobs', { id: 2 }, 'job_started');
    await until(() => ids.length === 2);
  });

  test('`since` asks for what is held', async () => {
    await hub.publish('jobs', { id: 1 }, 'job_started');
    const ids: number[] = [];
    client({ since: 'earliest' }).on('jobs', 'job_started', ({ data }) => ids.push(data.id));
    await until(() => ids.length === 1);
  });

  test('a kick that says so ends it for good, until somebody asks by hand', async () => {
    const one = client();
    one.subscribe('jobs', () => {});
    await is(one, 'connected');
    await hub.kick(one.status.getSnapshot().connection?.id ?? '', false);
    await is(one, 'failed');
    expect(one.status.getSnapshot().error).toMatchObject({ code: 'closing', reason: 'kicked', fatal: true });
    one.reconnect();
    await is(one, 'connected');
    await hub.kick(one.status.getSnapshot().connection?.id ?? '', true);
    await until(async () => (await hub.stats()).connections.opened_total === 3);
    await is(one, 'connected');
  });

  test('`failed` after so many attempts, and back by itself when the hub returns', async () => {
    const one = client({ backoff: { ...SWIFT, attemptsMax: 2 } });
    one.subscribe('jobs', () => {});
    await is(one, 'connected');
    await hub.down();
    await is(one, 'failed');
    expect(one.status.getSnapshot().error?.fatal).toBe(false);
    await hub.up();
    await is(one, 'connected');
    expect(one.status.getSnapshot().error).toBeNull();
  });
});

describe('leaving', () => {
  test('close() is told by a beacon, and the books know it as such', async () => {
    const one = client();
    one.subscribe('jobs', () => {});
    await is(one, 'connected');
    one.close();
    one.close();
    expect(one.status.getSnapshot()).toMatchObject({ status: 'closed', connection: null });
    expect(() => one.subscribe('jobs', () => {})).toThrow('closed');
    await hub.settlesAt(0);
    const { disconnected = 0, client_left = 0 } = (await hub.stats()).connections.closed_total;
    expect(disconnected + client_left).toBe(1);
  });

  test('a lease is kept by checking in', async () => {
    const one = client({ leaseSeconds: 3 });
    one.subscribe('jobs', () => {});
    await until(async () => (await hub.connections())[0]?.proof.kind === 'alive');
    expect((await hub.connections())[0]?.lease?.seconds).toBe(3);
    expect((await hub.stats()).connections.opened_total).toBe(1);
  });

  test('fifty clients are fifty connections, over a restart too, and none when they are closed', async () => {
    const many = Array.from({ length: 50 }, () => client());
    const seen = many.map(() => 0);
    many.forEach((one, at) => {
      one.subscribe('jobs', () => {
        seen[at] = (seen[at] ?? 0) + 1;
      });
    });
    await hub.settlesAt(50);
    await Promise.all(many.map((one) => is(one, 'connected')));
    await hub.publish('jobs', { id: 1 }, 'job_started');
    await until(() => seen.every((count) => count === 1));
    await hub.down();
    await hub.up();
    await hub.publish('jobs', { id: 2 }, 'job_started');
    await until(() => seen.every((count) => count === 2));
    await hub.settlesAt(50);
  });
});
