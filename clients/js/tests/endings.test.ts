// Refusals and endings, as docs/protocol.md has them, with injected time.

import { describe, expect, test } from 'vitest';
import { createClient } from '../src/index.js';
import { given, opened, start, status } from './harness/given.js';
import { settled, World } from './harness/world.js';

describe('refusals', () => {
  test.each([204, 400, 401, 403, 404, 410])('%i is for good, until somebody asks by hand', async (code) => {
    const world = start();
    await (await world.last()).answer(code);
    expect(given.client.status.getSnapshot()).toMatchObject({
      status: 'failed',
      error: { code: 'http', status: code, fatal: true },
    });
    world.page?.nudge();
    await world.pass(600_000);
    expect(world.streams()).toHaveLength(1);
    given.client.reconnect();
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
    expect(given.client.status.getSnapshot()).toMatchObject({ status: 'failed', error: { status: 401, fatal: true } });
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
    expect(given.client.status.getSnapshot()).toMatchObject({ status: 'reconnecting', error: { code: 'token' } });
    there = true;
    await world.pass(1_000);
    expect((await world.last()).headers.get('Authorization')).toBe('Bearer token');
  });

  test('one denied channel costs the others nothing', async () => {
    const world = start();
    given.client.subscribe('secrets', () => {});
    await (await world.last()).answer(403, { status: 403, detail: 'the channel `secrets` is not granted' });
    const second = await world.last();
    expect(second.url.searchParams.get('channels')).toBe('jobs');
    await second.open();
    expect(given.client.status.getSnapshot()).toMatchObject({
      status: 'connected',
      channels: { jobs: 'active', secrets: 'denied' },
    });
  });

  test('a 403 that names nothing new is for good', async () => {
    const world = start();
    given.client.subscribe('secrets', () => {});
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
    const held_by = [{ id: 'a-1', node: 'a', since: 1 }];
    await stream.control('refused', { status: 429, title: 'Too many', limit: 1, held_by, retry_after_ms: 5_000 });
    const error = { status: 429, limit: 1, heldBy: held_by };
    expect(given.client.status.getSnapshot()).toMatchObject({ status: 'reconnecting', error });
    await world.pass(4_999);
    expect(world.streams()).toHaveLength(1);
  });

  test('what is no hub is told as such, and asked again', async () => {
    const world = start();
    await (await world.last()).answer(200, 'a page', { 'Content-Type': 'text/html' });
    expect(given.client.status.getSnapshot()).toMatchObject({ status: 'reconnecting', error: { code: 'protocol' } });
  });

  test('without fetch the state is clear', async () => {
    const world = new World();
    given.client = createClient({ url: 'http://hub', platform: { ...world.platform, fetch: undefined } });
    given.client.subscribe('jobs', () => {});
    await settled();
    expect(given.client.status.getSnapshot()).toMatchObject({
      status: 'failed',
      error: { code: 'unsupported', fatal: true },
    });
  });
});

describe('endings', () => {
  test.each(['kicked', 'revoked', 'superseded', 'limit'])('%s is for good', async (reason) => {
    const { world, stream } = await opened();
    await stream.control('closing', { reason, reconnect: false });
    expect(given.client.status.getSnapshot()).toMatchObject({
      status: 'failed',
      error: { code: 'closing', reason, fatal: true },
    });
    await world.pass(600_000);
    expect(world.streams()).toHaveLength(1);
  });

  test('draining is obeyed to the millisecond', async () => {
    const { world, stream } = await opened();
    await stream.control('closing', { reason: 'draining', reconnect: true, retry_ms: 1_830 });
    expect(given.client.status.getSnapshot()).toMatchObject({ status: 'reconnecting', error: { reason: 'draining' } });
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
