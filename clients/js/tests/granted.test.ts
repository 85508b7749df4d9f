// A stream that has whatever is granted: channels follow permission.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, createClient } from '../src/index.js';
import { shareTabs } from '../src/share.js';
import { createFakeHub } from '../src/testing.js';
import { Hub } from './harness/hub.js';
import { SimBrowser } from './harness/tabs.js';
import { until } from './harness/until.js';
import { settled, World } from './harness/world.js';

const clients: Client[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

function made(options: object): Client {
  const client = createClient({ url: '', channels: 'granted', lingerMs: 0, leaseSeconds: 0, ...options });
  clients.push(client);
  return client;
}

const channels = (client: Client) => client.status.getSnapshot().channels;

describe('what is granted', () => {
  test('is asked for by no name, at once, and by nobody who subscribes', async () => {
    const world = new World();
    const client = made({ url: 'http://hub', platform: world.platform });
    const request = await world.last();
    expect(request.url.searchParams.has('channels')).toBe(false);
    const stream = await request.open({ channels: ['group:1', 'group:2'], heartbeat_ms: 600_000 });
    expect(channels(client)).toEqual({ 'group:1': 'active', 'group:2': 'active' });
    const heard: unknown[] = [];
    const off = client.subscribe('group:*', ({ channel, data }) => heard.push([channel, data]));
    const other = client.subscribe('group:2', ({ data }) => heard.push(data));
    await stream.event('group:1', 1);
    await stream.event('group:2', 2);
    expect(heard).toEqual([['group:1', 1], ['group:2', 2], 2]);
    off();
    other();
    await world.pass(10_000);
    expect([client.status.getSnapshot().status, world.requests.length]).toEqual(['connected', 1]);
  });

  test('changes with what the hub says, over a loss too', async () => {
    const world = new World();
    const client = made({ url: 'http://hub', platform: world.platform });
    const stream = await (await world.last()).open({ channels: ['group:1'], heartbeat_ms: 600_000 });
    await stream.control('subscribed', { channels: ['group:2'] });
    await stream.control('unsubscribed', { channels: ['group:1'] });
    expect(channels(client)).toEqual({ 'group:2': 'active' });
    await stream.end();
    expect(channels(client)).toEqual({});
    await world.pass(1_000);
    expect((await world.last()).url.searchParams.has('channels')).toBe(false);
    await (await world.last()).open({ channels: ['group:3'], heartbeat_ms: 600_000 });
    expect(channels(client)).toEqual({ 'group:3': 'active' });
  });

  test('is there as soon as the stream is: nobody hears that it has none first', async () => {
    const world = new World();
    const client = made({ url: 'http://hub', platform: world.platform });
    const told: string[] = [];
    client.status.subscribe(() => {
      const { status, channels } = client.status.getSnapshot();
      if (status === 'connected') told.push(Object.keys(channels).join());
    });
    const stream = await (await world.last()).open({ channels: ['group:1'], heartbeat_ms: 600_000 });
    await stream.end();
    await world.pass(1_000);
    await (await world.last()).open({ channels: ['group:1', 'group:2'], heartbeat_ms: 600_000 });
    expect(new Set(told)).toEqual(new Set(['group:1', 'group:1,group:2']));
  });

  test('to somebody who may see nothing is a stream without channels', async () => {
    const world = new World();
    const client = made({ url: 'http://hub', platform: world.platform });
    await (await world.last()).open({ channels: [], heartbeat_ms: 600_000 });
    expect(client.status.getSnapshot()).toMatchObject({ status: 'connected', channels: {} });
  });

  test('is shared by tabs, but not with those who ask for names', async () => {
    const hub = createFakeHub();
    hub.grant(['group:1']);
    const browser = new SimBrowser(hub.platform);
    const heard: unknown[] = [];
    const options = () => ({ url: hub.url, share: shareTabs({ key: 'ada' }), platform: browser.tab().platform });
    const tabs = [made(options()), made(options())];
    for (const client of tabs) client.subscribe('group:*', ({ data }) => heard.push(data));
    const named = made({ ...options(), channels: ['jobs'] });
    await browser.pass(200);
    expect(hub.connections().map((one) => one.channels)).toEqual([['group:1'], ['jobs']]);
    hub.grant(['group:1', 'group:2']);
    hub.publish('group:2', 1);
    await browser.pass(0);
    expect(heard).toEqual([1, 1]);
    expect([...tabs, named].map(channels)).toEqual([
      { 'group:1': 'active', 'group:2': 'active' },
      { 'group:1': 'active', 'group:2': 'active' },
      { jobs: 'active' },
    ]);
    tabs[0]?.close();
    await browser.pass(200);
    hub.publish('group:2', 2);
    await browser.pass(0);
    expect([heard, hub.connections().length]).toEqual([[1, 1, 2], 2]);
  });
});

describe('on the real hub', () => {
  let hub: Hub;

  beforeEach(async () => {
    hub = await Hub.start();
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await hub.stop();
  });

  test('channels come and go with what an operator gives and takes', async () => {
    const client = made({ url: hub.url });
    const heard: unknown[] = [];
    client.subscribe('group:*', ({ channel }) => heard.push(channel));
    // `--dev` grants everything.
    await until(() => channels(client)['*'] === 'active');
    await hub.amend('anonymous', ['group:5'], ['*']);
    await until(() => JSON.stringify(channels(client)) === '{"group:5":"active"}');
    await hub.publish('group:6', 1);
    await hub.publish('group:5', 1);
    await until(() => heard.length > 0);
    expect(heard).toEqual(['group:5']);
    expect((await hub.stats()).connections).toMatchObject({ active: 1, opened_total: 1 });
    await settled();
  });
});
