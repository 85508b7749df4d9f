// Small requests beside the stream, as the same user.

import { describe, expect, test } from 'vitest';
import { createClient } from '../src/index.js';
import { given } from './harness/given.js';
import { settled, World } from './harness/world.js';

function client(options = {}) {
  const world = new World();
  given.client = createClient({ url: 'http://hub/', platform: world.platform, ...options });
  return world;
}

describe('a request', () => {
  test('goes to the hub, with the token, and opens no stream', async () => {
    const world = client({ token: () => 'mine', credentials: 'include' });
    const asked = given.client.request('presence?channel=jobs', { headers: { Accept: 'application/json' } });
    const request = await world.last('presence');
    expect(request.url.href).toBe('http://hub/api/sse/presence?channel=jobs');
    expect([request.method, request.credentials]).toEqual(['GET', 'include']);
    expect(Object.fromEntries(request.headers)).toMatchObject({
      authorization: 'Bearer mine',
      accept: 'application/json',
    });
    await request.answer(200, { users: [] });
    expect(await (await asked).json()).toEqual({ users: [] });
    expect(world.streams()).toHaveLength(0);
  });

  test('without a token has no such header, and its other members are its own', async () => {
    const world = client();
    const answered = given.client.request('publish', { method: 'POST', body: '{}' });
    const request = await world.last('publish');
    expect([request.method, request.body, request.headers.has('Authorization')]).toEqual(['POST', '{}', false]);
    await request.answer(403, {});
    expect((await answered).status).toBe(403);
  });

  test('that gets a 401 is asked once more, with a fresh token', async () => {
    const reasons: string[] = [];
    const world = client({ token: ({ reason }: { reason: string }) => `${reason}-${reasons.push(reason)}` });
    const answered = given.client.request('stats');
    await (await world.last('stats')).answer(401, {});
    const again = await world.last('stats');
    expect(again.headers.get('Authorization')).toBe('Bearer unauthorized-2');
    await again.answer(401, {});
    expect((await answered).status).toBe(401);
    expect(world.requests).toHaveLength(2);
  });

  test('takes nothing from the stream, which still asks for its own token with its own reason', async () => {
    const reasons: string[] = [];
    const world = client({ token: ({ reason }: { reason: string }) => `${reasons.push(reason)}` });
    given.client.subscribe('jobs', () => {});
    const stream = await (await world.last()).open();
    await stream.control('closing', { reason: 'expired', reconnect: true, retry_ms: 100 });
    void given.client.request('stats');
    await settled();
    await world.pass(1_000);
    expect(reasons).toEqual(['connect', 'connect', 'expiring']);
  });

  test('rejects where there is no token, no hub and no fetch', async () => {
    const world = client({
      token: () => {
        throw new Error('the login is away');
      },
    });
    await expect(given.client.request('stats')).rejects.toThrow('no token: Error: the login is away');
    expect(world.requests).toHaveLength(0);
    const other = client();
    const lost = given.client.request('stats');
    void lost.catch(() => {});
    await (await other.last('stats')).fail();
    await expect(lost).rejects.toThrow('fetch failed');
    given.client = createClient({ url: 'http://hub', platform: { ...other.platform, fetch: undefined } });
    await expect(given.client.request('stats')).rejects.toThrow('there is no fetch');
  });
});
