// The page's life, silence, and the end of interest.

import { describe, expect, test } from 'vitest';
import { createClient } from '../src/index.js';
import { given, opened, snapshot } from './harness/given.js';
import { settled, World } from './harness/world.js';

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

  test('is not listened to by a client that nobody needs', async () => {
    const world = new World();
    const client = createClient({ url: 'http://hub', platform: world.platform });
    expect(world.page).toBeNull();
    for (let times = 0; times < 2; times += 1) {
      const off = client.subscribe('jobs', () => {});
      await (await world.last()).open();
      expect(world.page).not.toBeNull();
      off();
      await world.pass(250);
      expect([client.status.getSnapshot().status, world.page, world.timers]).toEqual(['idle', null, 0]);
    }
    client.close();
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
    given.client = createClient({ url: 'http://hub', platform: world.platform, lingerMs: 0 });
    const off = given.client.subscribe('jobs', () => {});
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
    given.client.close();
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

describe('the end of interest', () => {
  test('is the end of the cursor: who subscribes anew begins now', async () => {
    const again = new World();
    given.client = createClient({ url: 'http://hub', platform: again.platform, lingerMs: 0 });
    const end = given.client.subscribe('jobs', () => {});
    await (await (await again.last()).open()).event('jobs', 1, 'c7');
    end();
    await again.pass(1);
    expect(snapshot().status).toBe('idle');
    given.client.subscribe('jobs', () => {});
    expect((await again.last()).url.searchParams.has('last_event_id')).toBe(false);
    expect(again.streams()).toHaveLength(2);
  });

  test('of one listener, said by another, holds for the event at hand', async () => {
    const { stream, events } = await opened();
    const order: string[] = [];
    given.client.subscribe('jobs', () => order.push('one') && off());
    const off = given.client.subscribe('jobs', () => order.push('two'));
    await stream.event('jobs', 1);
    given.client.subscribe('jobs', () => given.client.close());
    given.client.subscribe('jobs', () => order.push('after the close'));
    await stream.event('jobs', 2);
    expect([order, events.length, snapshot().status]).toEqual([['one', 'one'], 2, 'closed']);
  });

  test('lets go of a lock on the id that came after the page was left', async () => {
    let grant = () => {};
    let held = false;
    const request = (name: string, _: LockOptions, call: (lock: Lock | null) => unknown) =>
      new Promise<void>((resolve) => {
        grant = async () => {
          held = true;
          await call({ name, mode: 'exclusive' });
          held = false;
          resolve();
        };
      });
    const world = new World();
    const platform = {
      ...world.platform,
      storage: { getItem: () => null, setItem: () => {} },
      locks: { request } as unknown as LockManager,
    };
    given.client = createClient({ url: 'http://hub', platform });
    given.client.subscribe('jobs', () => {});
    await settled();
    world.page?.suspend();
    grant();
    await settled();
    expect([held, world.streams().length]).toEqual([false, 0]);
  });

  test('lets go of the lock on the id, while a suspended page holds none', async () => {
    const locked = new Set<string>();
    const request = async (name: string, _: LockOptions, call: (lock: Lock | null) => unknown) => {
      locked.add(name);
      await call({ name, mode: 'exclusive' });
      locked.delete(name);
    };
    const world = new World();
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, to: string) => void kept.set(key, to),
    };
    const locks = { request } as unknown as LockManager;
    given.client = createClient({ url: 'http://hub', platform: { ...world.platform, storage, locks } });
    given.client.subscribe('jobs', () => {});
    await (await world.last()).open();
    expect(locked.size).toBe(1);
    world.page?.suspend();
    await settled();
    expect(locked.size).toBe(0);
    world.page?.resume();
    await settled();
    expect(locked.size).toBe(1);
    given.client.close();
    await settled();
    expect(locked.size).toBe(0);
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
    given.client = createClient({ url: 'http://hub', platform: world.platform, connectTimeoutMs: 5_000 });
    given.client.subscribe('jobs', () => {});
    await world.pass(4_999);
    expect(snapshot().status).toBe('connecting');
    await world.pass(1);
    expect(snapshot()).toMatchObject({ status: 'reconnecting', error: { code: 'timeout' } });
  });
});
