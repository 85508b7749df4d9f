// A client in an injected world: begun, opened, and after each test closed, with nothing of it left.

import { afterEach, expect } from 'vitest';
import {
  type AnyEvents,
  type Client,
  type ClientOptions,
  createClient,
  type Gap,
  type Status,
  type TidingsEvent,
} from '../../src/index.js';
import { World } from './world.js';

type Options = Partial<ClientOptions<AnyEvents>>;

/** The client of the test that runs. */
export const given = {} as { client: Client };

/** Worlds of clients that were opened. */
const worlds = new WeakMap<Client, World>();

export const snapshot = () => given.client.status.getSnapshot();
export const status = (): Status => snapshot().status;

/** A client that one subscriber has begun, and what that one heard. */
export function begin(options: Options = {}) {
  const world = new World();
  given.client = createClient({ url: 'http://hub', platform: world.platform, ...options } as ClientOptions<AnyEvents>);
  const events: TidingsEvent[] = [];
  const gaps: Gap[] = [];
  given.client.subscribe('jobs', (event) => events.push(event), { onGap: (gap) => gaps.push(gap) });
  return { world, events, gaps };
}

export const start = (options: Options = {}): World => begin(options).world;

export async function opened(options: Options = {}) {
  const { world, events, gaps } = begin(options);
  worlds.set(given.client, world);
  const stream = await (await world.last()).open();
  expect(status()).toBe('connected');
  return { world, stream, events, gaps };
}

afterEach(() => {
  given.client.close();
  expect(status()).toBe('closed');
  const world = worlds.get(given.client);
  if (world)
    expect([world.timers, world.page, world.streams().every(({ aborted }) => aborted())]).toEqual([0, null, true]);
});
