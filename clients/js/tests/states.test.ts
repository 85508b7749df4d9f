// When a client tries again, with injected time.

import { describe, expect, test } from 'vitest';
import { createClient, PATIENT } from '../src/index.js';
import { given, opened, start, status } from './harness/given.js';
import { settled, World } from './harness/world.js';

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
        expect(given.client.status.getSnapshot()).toMatchObject({ status: 'reconnecting', attempt: at + 1 });
        const wait = random ? step : step / 2;
        await world.pass(wait - 1);
        expect(world.streams()).toHaveLength(at + 1);
        await world.pass(1);
        expect(world.streams()).toHaveLength(at + 2);
      }
      given.client.close();
    }
  });

  test('`retryAt` is on the wall’s clock', async () => {
    const world = start();
    await (await world.last()).fail();
    const inMs = (given.client.status.getSnapshot().retryAt ?? 0) - Date.now();
    expect(inMs).toBeGreaterThan(500);
    expect(inMs).toBeLessThanOrEqual(1_000);
  });

  test.each([
    ['Retry-After in seconds', { 'Retry-After': '30' }, undefined],
    ['the problem’s milliseconds', { 'Retry-After': '1' }, { retry_after: 30, retry_after_ms: 30_000 }],
  ])('%s is a floor, which nothing cuts short but a hand', async (_, headers, problem) => {
    const world = start();
    await (await world.last()).answer(429, problem, headers);
    expect(given.client.status.getSnapshot().error).toMatchObject({ code: 'http', status: 429, fatal: false });
    world.page?.nudge();
    await world.pass(29_999);
    expect(world.streams()).toHaveLength(1);
    await world.pass(1);
    expect(world.streams()).toHaveLength(2);
    await (await world.last()).answer(503, problem, headers);
    given.client.reconnect();
    expect(world.streams()).toHaveLength(2);
    await settled();
    expect(world.streams()).toHaveLength(3);
  });

  test.each([
    ['everybody unsubscribed and somebody came back', 'connecting'],
    ['the page was left and came back', 'reconnecting'],
  ])('what the hub asked for holds where %s', async (how, then) => {
    const world = new World();
    given.client = createClient({ url: 'http://hub', platform: world.platform, lingerMs: 0 });
    const off = given.client.subscribe('jobs', () => {});
    await (await world.last()).answer(429, undefined, { 'Retry-After': '30' });
    if (then === 'connecting') {
      off();
      await world.pass(1);
      expect(status(), how).toBe('idle');
      given.client.subscribe('jobs', () => {});
      await settled();
    } else {
      world.page?.suspend();
      await world.pass(1);
      expect(status()).toBe('suspended');
      world.page?.resume();
    }
    const { status: shown, retryAt } = given.client.status.getSnapshot();
    expect([shown, Math.round(((retryAt ?? 0) - Date.now()) / 1_000)]).toEqual([then, 30]);
    world.page?.nudge();
    await world.pass(29_998);
    expect([world.streams().length, world.timers]).toEqual([1, 1]);
    await world.pass(1);
    expect(world.streams()).toHaveLength(2);
    await (await world.last()).answer(429, undefined, { 'Retry-After': '30' });
    given.client.reconnect();
    await (await world.last()).open();
    expect([status(), world.streams().length]).toEqual(['connected', 3]);
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
    expect(given.client.status.getSnapshot().attempt).toBe(1);
    await world.pass(1_000);
    const short = await (await world.last()).open();
    await short.end();
    expect(given.client.status.getSnapshot().attempt).toBe(2);
    await world.pass(2_000);
    const long = await (await world.last()).open({ heartbeat_ms: 60_000 });
    await world.pass(10_000);
    await long.end();
    expect(given.client.status.getSnapshot().attempt).toBe(1);
  });

  test('`failed` after so many attempts, still trying, and back by itself', async () => {
    const world = start({ backoff: { attemptsMax: 5 } });
    for (let attempt = 0; attempt <= 5; attempt += 1) {
      expect(status()).not.toBe('failed');
      await (await world.last()).fail();
      await world.pass(16_000);
    }
    expect(given.client.status.getSnapshot()).toMatchObject({
      status: 'failed',
      error: { code: 'network', fatal: false },
    });
    await (await world.last()).open();
    expect(given.client.status.getSnapshot()).toMatchObject({ status: 'connected', error: null });
  });
});
