// The channels of a live stream follow who listens.

import { afterEach, describe, expect, test } from 'vitest';
import { type Client, createClient } from '../src/index.js';
import { concerns, matches } from '../src/pattern.js';
import { settled, World } from './harness/world.js';

let client: Client;
let world: World;

async function opened() {
  world = new World();
  client = createClient({ url: 'http://hub', platform: world.platform, leaseSeconds: 0, lingerMs: 250 });
  client.subscribe('jobs', () => {});
  return (await world.last()).open({ heartbeat_ms: 600_000 });
}

const changes = () => world.requests.filter(({ url }) => url.pathname.endsWith('/subscriptions'));
const asked = () => changes().map(({ body }) => JSON.parse(body));
const channels = () => client.status.getSnapshot().channels;

afterEach(() => client.close());

describe('a live stream', () => {
  test('is changed once for all that happens in a turn, one request at a time', async () => {
    await opened();
    client.subscribe('a', () => {});
    client.subscribe('b', () => {});
    await settled();
    client.subscribe('c', () => {});
    await settled();
    expect(asked()).toEqual([{ connection_id: 'secret', add: ['a', 'b'], remove: [] }]);
    expect(channels()).toEqual({ jobs: 'active', a: 'pending', b: 'pending', c: 'pending' });
    await changes()[0]?.answer(200, { added: ['a', 'b'], removed: [], channels: ['jobs', 'a', 'b'] });
    expect(asked()[1]).toMatchObject({ add: ['c'] });
    await changes()[1]?.answer(200, { channels: ['jobs', 'a', 'b', 'c'] });
    expect(channels()).toEqual({ jobs: 'active', a: 'active', b: 'active', c: 'active' });
  });

  test('keeps a channel for those who come back at once, and lets it go after', async () => {
    await opened();
    const off = client.subscribe('a', () => {});
    await settled();
    await changes()[0]?.answer(200, { channels: ['jobs', 'a'] });
    off();
    await world.pass(200);
    const back = client.subscribe('a', () => {});
    await world.pass(1_000);
    expect(changes()).toHaveLength(1);
    back();
    back();
    await world.pass(250);
    expect(asked()[1]).toMatchObject({ add: [], remove: ['a'] });
  });

  test('lingers from the last departure, not from one before', async () => {
    await opened();
    const first = client.subscribe('a', () => {});
    await settled();
    await changes()[0]?.answer(200, { channels: ['jobs', 'a'] });
    first();
    await world.pass(200);
    client.subscribe('a', () => {})();
    await world.pass(249);
    expect(changes()).toHaveLength(1);
    await world.pass(1);
    expect(asked()[1]).toMatchObject({ remove: ['a'] });
  });

  test('lets a channel go in its time, however often others come and go meanwhile', async () => {
    await opened();
    const off = client.subscribe('a', () => {});
    await settled();
    await changes()[0]?.answer(200, { channels: ['jobs', 'a'] });
    off();
    for (let ms = 0; ms < 250; ms += 50) {
      client.subscribe('jobs', () => {})();
      await world.pass(50);
    }
    expect(asked()[1]).toMatchObject({ add: [], remove: ['a'] });
  });

  test('asks with a fresh token where one is not taken, before a channel counts as denied', async () => {
    world = new World();
    const token = ({ reason }: { reason: string }) => reason;
    client = createClient({ url: 'http://hub', platform: world.platform, leaseSeconds: 0, token });
    client.subscribe('jobs', () => {});
    await (await world.last()).open({ heartbeat_ms: 600_000 });
    client.subscribe('a', () => {});
    await settled();
    await changes()[0]?.answer(401, {});
    expect(changes().map(({ headers }) => headers.get('Authorization'))).toEqual([
      'Bearer connect',
      'Bearer unauthorized',
    ]);
    await changes()[1]?.answer(200, { channels: ['jobs', 'a'] });
    expect(channels()).toEqual({ jobs: 'active', a: 'active' });
  });

  test('that asks for a channel again while it is taken off has it in the end', async () => {
    const stream = await opened();
    const off = client.subscribe('a', () => {});
    await settled();
    await changes()[0]?.answer(200, { channels: ['jobs', 'a'] });
    off();
    await world.pass(250);
    client.subscribe('a', () => {});
    await stream.control('unsubscribed', { channels: ['a'] });
    await changes()[1]?.answer(200, { channels: ['jobs'] });
    expect(asked()[2]).toMatchObject({ add: ['a'], remove: [] });
    await changes()[2]?.answer(200, { channels: ['jobs', 'a'] });
    expect(channels()).toEqual({ jobs: 'active', a: 'active' });
  });

  test.each([502, 0])('has a channel again that was taken off it with an answer that was lost (%s)', async (status) => {
    const stream = await opened();
    const off = client.subscribe('a', () => {});
    await settled();
    await changes()[0]?.answer(200, { channels: ['jobs', 'a'] });
    off();
    await world.pass(250);
    if (status > 0) await changes()[1]?.answer(status);
    await stream.control('unsubscribed', { channels: ['a'] });
    if (status === 0) await changes()[1]?.fail();
    client.subscribe('a', () => {});
    await world.pass(1_000);
    expect(asked()[2]).toMatchObject({ add: ['a'], remove: [] });
    await changes()[2]?.answer(200, { channels: ['jobs', 'a'] });
    expect(channels()).toEqual({ jobs: 'active', a: 'active' });
  });

  test.each([401, 408, 425])('asks again where %s says nothing of the channel', async (status) => {
    await opened();
    client.subscribe('a', () => {});
    await settled();
    for (const change of changes()) await change.answer(status, {});
    for (const change of changes().slice(1)) await change.answer(status, {});
    expect(channels()).toEqual({ jobs: 'active', a: 'pending' });
    await world.pass(1_000);
    await changes()
      .at(-1)
      ?.answer(200, { channels: ['jobs', 'a'] });
    expect(channels()).toEqual({ jobs: 'active', a: 'active' });
  });

  test('believes an operator who took a channel, not an older answer', async () => {
    const stream = await opened();
    client.subscribe('a', () => {});
    await settled();
    await stream.control('unsubscribed', { channels: ['jobs'] });
    await changes()[0]?.answer(200, { channels: ['jobs', 'a'] });
    expect(channels()).toEqual({ jobs: 'denied', a: 'active' });
  });

  test('has what is granted where one of several is denied', async () => {
    await opened();
    for (const channel of ['a', 'secrets', 'b']) client.subscribe(channel, () => {});
    await settled();
    const live = ['jobs'];
    for (let at = 0; at < changes().length; at += 1) {
      const { add } = asked()[at];
      if (add.includes('secrets')) await changes()[at]?.answer(403, {});
      else await changes()[at]?.answer(200, { channels: live.push(...add) && live });
    }
    expect(channels()).toEqual({ jobs: 'active', a: 'active', b: 'active', secrets: 'denied' });
    expect(client.status.getSnapshot().status).toBe('connected');
  });

  test('that was not reached is asked again, ever more slowly', async () => {
    await opened();
    client.subscribe('a', () => {});
    await settled();
    await changes()[0]?.fail();
    await world.pass(999);
    expect(changes()).toHaveLength(1);
    await world.pass(1);
    await changes()[1]?.answer(503);
    await world.pass(1_999);
    expect(changes()).toHaveLength(2);
    await world.pass(1);
    expect(changes()).toHaveLength(3);
  });

  test('that the hub no longer knows is opened anew, with all that is wanted', async () => {
    await opened();
    client.subscribe('a', () => {});
    await settled();
    await changes()[0]?.answer(404);
    expect(client.status.getSnapshot().status).toBe('reconnecting');
    await world.pass(1_000);
    expect((await world.last()).url.searchParams.get('channels')).toBe('jobs,a');
  });

  test('that was lost while a change was on its way begins with the change', async () => {
    const stream = await opened();
    client.subscribe('a', () => {});
    await settled();
    await stream.end();
    await changes()[0]?.answer(200, { channels: ['jobs', 'a'] });
    await world.pass(1_000);
    const again = await world.last();
    expect(again.url.searchParams.get('channels')).toBe('jobs,a');
    await again.open({ heartbeat_ms: 600_000 });
    expect(channels()).toEqual({ jobs: 'active', a: 'active' });
    expect(changes()).toHaveLength(1);
  });

  test('is an operator’s to change: what they add stays, what they take is shown', async () => {
    const stream = await opened();
    await stream.control('subscribed', { channels: ['group:5'] });
    await stream.control('unsubscribed', { channels: ['jobs'] });
    await world.pass(60_000);
    expect(channels()).toEqual({ jobs: 'denied' });
    client.subscribe('a', () => {});
    await settled();
    expect(asked()).toEqual([{ connection_id: 'secret', add: ['a'], remove: [] }]);
    await changes()[0]?.answer(200, { channels: ['group:5', 'a'] });
    expect(changes()).toHaveLength(1);
    await stream.control('subscribed', { channels: ['jobs'] });
    expect(channels()).toEqual({ jobs: 'active', a: 'active' });
  });
});

test.each(['constructor', '__proto__', 'toString'])('a channel may be called %s', async (name) => {
  const stream = await opened();
  expect(channels()[name]).toBeUndefined();
  const heard: unknown[] = [];
  client.subscribe(name, ({ data }) => heard.push(data));
  await settled();
  expect(Object.entries(channels())).toContainEqual([name, 'pending']);
  await changes()[0]?.answer(200, { channels: ['jobs', name] });
  expect(Object.entries(channels())).toContainEqual([name, 'active']);
  await stream.event(name, 1);
  expect(heard).toEqual([1]);
});

const TOO_MANY = { status: 400, limit_name: 'limits.channels_per_connection', limit: 2 };

describe('more channels than one stream may have', () => {
  test('are denied while it is full, and come on as others go', async () => {
    await opened();
    const offs = ['a', 'b', 'c'].map((channel) => client.subscribe(channel, () => {}));
    await settled();
    await changes()[0]?.answer(400, TOO_MANY);
    expect(asked()[1]).toMatchObject({ add: ['a'], remove: [] });
    await changes()[1]?.answer(200, { channels: ['jobs', 'a'] });
    expect(channels()).toEqual({ jobs: 'active', a: 'active', b: 'denied', c: 'denied' });
    offs[0]?.();
    await world.pass(250);
    expect(asked()[2]).toMatchObject({ add: [], remove: ['a'] });
    await changes()[2]?.answer(200, { channels: ['jobs'] });
    expect(asked()[3]).toMatchObject({ add: ['b'], remove: [] });
    await changes()[3]?.answer(200, { channels: ['jobs', 'b'] });
    expect([channels(), changes().length]).toEqual([{ jobs: 'active', b: 'active', c: 'denied' }, 4]);
  });

  test('come on where an operator makes room', async () => {
    const stream = await opened();
    for (const channel of ['a', 'b']) client.subscribe(channel, () => {});
    await settled();
    await changes()[0]?.answer(400, TOO_MANY);
    await changes()[1]?.answer(200, { channels: ['jobs', 'a'] });
    expect(channels()).toEqual({ jobs: 'active', a: 'active', b: 'denied' });
    await stream.control('unsubscribed', { channels: ['jobs'] });
    expect(asked()[2]).toMatchObject({ add: ['b'], remove: [] });
    await changes()[2]?.answer(200, { channels: ['a', 'b'] });
    expect(channels()).toEqual({ jobs: 'denied', a: 'active', b: 'active' });
  });

  test('cost those that fit nothing where the stream begins', async () => {
    world = new World();
    client = createClient({ url: 'http://hub', platform: world.platform, leaseSeconds: 0, lingerMs: 250 });
    const [off] = ['a', 'b', 'c'].map((channel) => client.subscribe(channel, () => {}));
    await (await world.last()).answer(400, TOO_MANY);
    const again = await world.last();
    expect(again.url.searchParams.get('channels')).toBe('a,b');
    const stream = await again.open({ heartbeat_ms: 600_000 });
    expect(client.status.getSnapshot()).toMatchObject({
      status: 'connected',
      channels: { a: 'active', b: 'active', c: 'denied' },
    });
    await stream.end();
    await world.pass(1_000);
    expect((await world.last()).url.searchParams.get('channels')).toBe('a,b');
    off?.();
    await world.pass(250);
    await (await world.last()).fail();
    await world.pass(2_000);
    expect((await world.last()).url.searchParams.get('channels')).toBe('b,c');
  });

  test.each([{ limit: 0 }, { limit: 'two' }, { channels: ['jobs', 'a'] }])(
    'are not what a refusal with %o tells',
    async (member) => {
      await opened();
      client.subscribe('a', () => {});
      await settled();
      await changes()[0]?.answer(400, { status: 400, ...member });
      expect([channels(), changes().length]).toEqual([{ jobs: 'active', a: 'denied' }, 1]);
    },
  );

  test('are asked for anew by hand', async () => {
    world = new World();
    client = createClient({ url: 'http://hub', platform: world.platform, leaseSeconds: 0, channels: ['a', 'b', 'c'] });
    await (await world.last()).answer(400, TOO_MANY);
    await (await world.last()).answer(400, TOO_MANY);
    expect(client.status.getSnapshot()).toMatchObject({ status: 'failed', error: { status: 400, limit: 2 } });
    client.reconnect();
    expect((await world.last()).url.searchParams.get('channels')).toBe('a,b,c');
  });
});

describe('patterns', () => {
  test.each([
    ['jobs', 'jobs', true],
    ['jobs', 'jobs:1', false],
    ['jobs:*', 'jobs:', true],
    ['jobs:*', 'jobs:a:b', true],
    ['jobs:*', 'jobs', false],
    ['room:*:door', 'room:1:door', true],
    ['room:*:door', 'room::door', false],
    ['room:*:door', 'room:1:2:door', false],
    ['room:*:*', 'room:1:', true],
    ['a.*/c', 'a.b/c', true],
    ['a.*/c', 'axb/c', false],
    ['*', 'anything at all', true],
    ['*', '$hub/stats', false],
    ['$hub/stats', '$hub/stats', true],
    ['room:*', 'room:*', true],
    ['room:*:door', 'room:*:door', true],
    ['a{1}[b]+*', 'a{1}[b]+c', true],
    ['a.b|c^$*', 'axb', false],
    ['*:$', 'x:$', true],
  ])('%s has %s: %s', (pattern, name, has) => {
    expect(matches(pattern, name)).toBe(has);
  });

  test.each([
    ['room:1', 'room:*', true],
    ['room:*', 'room:1', true],
    ['room:*', 'room:*:door', true],
    ['*', 'jobs', true],
    ['jobs', 'room:*', false],
    ['jobs:*', 'room:*', false],
  ])('a gap of %s concerns who reads %s: %s', (lost, selector, does) => {
    expect(concerns(lost, selector)).toBe(does);
  });
});
