// Every row of the states' table, with injected time.

import { afterEach, describe, expect, test } from 'vitest';
import { type AnyEvents, type Client, type ClientOptions, createClient, PATIENT, type Status } from '../src/index.js';
import { settled, World } from './harness/world.js';

let client: Client;

function start(options: Partial<ClientOptions<AnyEvents>> = {}): World {
  const world = new World();
  client = createClient({ url: 'http://hub', platform: world.platform, ...options } as ClientOptions<AnyEvents>);
  client.subscribe('jobs', () => {});
  return world;
}

const status = (): Status => client.status.getSnapshot().status;

/** Nothing is left of a client that was closed. */
const nothingLeft = new WeakMap<Client, World>();

async function opened(options: Partial<ClientOptions<AnyEvents>> = {}) {
  const world = start(options);
  nothingLeft.set(client, world);
  const stream = await (await world.last()).open();
  expect(status()).toBe('connected');
  return { world, stream };
}

afterEach(() => {
  client.close();
  expect(status()).toBe('closed');
  const world = nothingLeft.get(client);
  if (world)
    expect([world.timers, world.page, world.streams().every(({ aborted }) => aborted())]).toEqual([0, null, true]);
});

describe('waiting', () => {
  test.each([
    [{}, [1_000, 2_000, 4_000, 8_000, 16_000, 16_000]],
    [PATIENT, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]],
  ])('with %o each step is between its half and its whole', async (backoff, steps) => {
    for (const random of [0, 1]) {
      const world = start({ backoff });
      world.random = random;
      expect(status()).toBe('idle');
      await settled();
      expect(status()).toBe('connecting');
      for (const [at, step] of steps.entries()) {
        await (await world.last()).fail();
        expect(client.status.getSnapshot()).toMatchObject({ status: 'reconnecting', attempt: at + 1 });
        const wait = random ? step : step / 2;
        await world.pass(wait - 1);
        expect(world.streams()).toHaveLength(at + 1);
        await world.pass(1);
        expect(world.streams()).toHaveLength(at + 2);
      }
      client.close();
    }
  });

  test('`retryAt` is on the wall’s clock', async () => {
    const world = start();
    await (await world.last()).fail();
    const inMs = (client.status.getSnapshot().retryAt ?? 0) - Date.now();
    expect(inMs).toBeGreaterThan(500);
    expect(inMs).toBeLessThanOrEqual(1_000);
  });

  test.each([
    ['Retry-After in seconds', { 'Retry-After': '30' }, undefined],
    ['the problem’s milliseconds', { 'Retry-After': '1' }, { retry_after: 30, retry_after_ms: 30_000 }],
  ])('%s is a floor, which nothing cuts short but a hand', async (_, headers, problem) => {
    const world = start();
    await (await world.last()).answer(429, problem, headers);
    expect(client.status.getSnapshot().error).toMatchObject({ code: 'http', status: 429, fatal: false });
    world.page?.nudge();
    await world.pass(29_999);
    expect(world.streams()).toHaveLength(1);
    await world.pass(1);
    expect(world.streams()).toHaveLength(2);
    await (await world.last()).answer(503, problem, headers);
    client.reconnect();
    expect(world.streams()).toHaveLength(2);
    await settled();
    expect(world.streams()).toHaveLength(3);
  });

  test('without a floor `online` cuts the wait short', async () => {
    const world = start();
    await (await world.last()).fail();
    world.page?.nudge();
    await settled();
    expect(world.streams()).toHaveLength(2);
  });

  test('back to the start only after a stable time', async () => {
    const { world, stream } = await opened();
    await stream.end();
    expect(client.status.getSnapshot().attempt).toBe(1);
    await world.pass(1_000);
    const short = await (await world.last()).open();
    await short.end();
    expect(client.status.getSnapshot().attempt).toBe(2);
    await world.pass(2_000);
    const long = await (await world.last()).open({ heartbeat_ms: 60_000 });
    await world.pass(10_000);
    await long.end();
    expect(client.status.getSnapshot().attempt).toBe(1);
  });

  test('`failed` after so many attempts, still trying, and back by itself', async () => {
    const world = start({ backoff: { attemptsMax: 5 } });
    for (let attempt = 0; attempt <= 5; attempt += 1) {
      expect(status()).not.toBe('failed');
      await (await world.last()).fail();
      await world.pass(16_000);
    }
    expect(client.status.getSnapshot()).toMatchObject({ status: 'failed', error: { code: 'network', fatal: false } });
    await (await world.last()).open();
    expect(client.status.getSnapshot()).toMatchObject({ status: 'connected', error: null });
  });
});

describe('refusals', () => {
  test.each([204, 400, 401, 403, 404, 410])('%i is for good, until somebody asks by hand', async (code) => {
    const world = start();
    await (await world.last()).answer(code);
    expect(client.status.getSnapshot()).toMatchObject({
      status: 'failed',
      error: { code: 'http', status: code, fatal: true },
    });
    world.page?.nudge();
    await world.pass(600_000);
    expect(world.streams()).toHaveLength(1);
    client.reconnect();
    await (await world.last()).open();
    expect(status()).toBe('connected');
  });

  test.each([408, 425, 429, 500, 502, 503, 504])('%i passes', async (code) => {
    const world = start();
    await (await world.last()).answer(code);
    expect(status()).toBe('reconnecting');
    await world.pass(1_000);
    await (await world.last()).open();
    expect(status()).toBe('connected');
  });

  test('401 is answered once by a fresh token', async () => {
    const reasons: string[] = [];
    const token = ({ reason }: { reason: string }) => `token-${reasons.push(reason)}`;
    const world = start({ token });
    await (await world.last()).answer(401);
    const second = await world.last();
    expect(second.headers.get('Authorization')).toBe('Bearer token-2');
    await second.open();
    expect(status()).toBe('connected');
    expect(reasons).toEqual(['connect', 'unauthorized']);
  });

  test('a second 401 is for good', async () => {
    const world = start({ token: () => 'revoked' });
    await (await world.last()).answer(401);
    await (await world.last()).answer(401);
    expect(client.status.getSnapshot()).toMatchObject({ status: 'failed', error: { status: 401, fatal: true } });
  });

  test('a token that can’t be had is asked for again', async () => {
    let there = false;
    const world = start({
      token: () => {
        if (there) return 'token';
        throw new Error('the login is away');
      },
    });
    await settled();
    expect(client.status.getSnapshot()).toMatchObject({ status: 'reconnecting', error: { code: 'token' } });
    there = true;
    await world.pass(1_000);
    expect((await world.last()).headers.get('Authorization')).toBe('Bearer token');
  });

  test('one denied channel costs the others nothing', async () => {
    const world = start();
    client.subscribe('secrets', () => {});
    await (await world.last()).answer(403, { status: 403, detail: 'the channel `secrets` is not granted' });
    const second = await world.last();
    expect(second.url.searchParams.get('channels')).toBe('jobs');
    await second.open();
    expect(client.status.getSnapshot()).toMatchObject({
      status: 'connected',
      channels: { jobs: 'active', secrets: 'denied' },
    });
  });

  test('a 403 that names nothing new is for good', async () => {
    const world = start();
    client.subscribe('secrets', () => {});
    const problem = { status: 403, detail: 'the channel `secrets` is not granted' };
    await (await world.last()).answer(403, problem);
    await (await world.last()).answer(403, problem);
    await settled();
    expect([status(), world.streams().length]).toEqual(['failed', 2]);
  });

  test('a wait that a timer could not hold is an hour', async () => {
    const { world, stream } = await opened();
    await stream.control('closing', { reason: 'draining', reconnect: true, retry_ms: 1e12 });
    await world.pass(3_599_999);
    expect(world.streams()).toHaveLength(1);
    await world.pass(1);
    expect(world.streams()).toHaveLength(2);
  });

  test('a refusal that came as an event is one', async () => {
    const world = start();
    const request = await world.last();
    const stream = await request.open();
    await stream.control('refused', { status: 429, title: 'Too many', retry_after_ms: 5_000 });
    expect(client.status.getSnapshot()).toMatchObject({ status: 'reconnecting', error: { status: 429 } });
    await world.pass(4_999);
    expect(world.streams()).toHaveLength(1);
  });

  test('what is no hub is told as such, and asked again', async () => {
    const world = start();
    await (await world.last()).answer(200, 'a page', { 'Content-Type': 'text/html' });
    expect(client.status.getSnapshot()).toMatchObject({ status: 'reconnecting', error: { code: 'protocol' } });
  });

  test('without fetch the state is clear', async () => {
    const world = new World();
    client = createClient({ url: 'http://hub', platform: { ...world.platform, fetch: undefined } });
    client.subscribe('jobs', () => {});
    await settled();
    expect(client.status.getSnapshot()).toMatchObject({
      status: 'failed',
      error: { code: 'unsupported', fatal: true },
    });
  });
});

describe('endings', () => {
  test.each(['kicked', 'revoked', 'superseded', 'limit'])('%s is for good', async (reason) => {
    const { world, stream } = await opened();
    await stream.control('closing', { reason, reconnect: false });
    expect(client.status.getSnapshot()).toMatchObject({
      status: 'failed',
      error: { code: 'closing', reason, fatal: true },
    });
    await world.pass(600_000);
    expect(world.streams()).toHaveLength(1);
  });

  test('draining is obeyed to the millisecond', async () => {
    const { world, stream } = await opened();
    await stream.control('closing', { reason: 'draining', reconnect: true, retry_ms: 1_830 });
    expect(client.status.getSnapshot()).toMatchObject({ status: 'reconnecting', error: { reason: 'draining' } });
    await world.pass(1_829);
    expect(world.streams()).toHaveLength(1);
    await world.pass(1);
    expect(world.streams()).toHaveLength(2);
  });

  test('after `expired` a new token is fetched, and told why', async () => {
    const reasons: string[] = [];
    const { world, stream } = await opened({ token: ({ reason }) => `token-${reasons.push(reason)}` });
    await stream.control('closing', { reason: 'expired', reconnect: true, retry_ms: 100 });
    await world.pass(1_000);
    expect((await world.last()).headers.get('Authorization')).toBe('Bearer token-2');
    expect(reasons).toEqual(['connect', 'expiring']);
  });

  test('at `expiring` the stream goes on with a fresh token', async () => {
    const { world, stream } = await opened({ token: ({ reason }) => reason });
    await stream.control('expiring', null);
    const refresh = await world.last('refresh');
    expect([refresh.body, refresh.headers.get('Authorization')]).toEqual(['secret', 'Bearer expiring']);
    expect(status()).toBe('connected');
  });
});
