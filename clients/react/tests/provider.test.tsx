// @vitest-environment happy-dom
// TidingsProvider: when its client is made and ended, and what a render that comes to nothing leaves behind.

import type { Client } from '@tidings/client';
import { Activity, act, StrictMode, Suspense, use, useEffect, useState } from 'react';
import { expect, test } from 'vitest';
import { type ProviderProps, TidingsProvider, useChannel, useConnectionStatus, useTidings } from '../src/index.js';
import { channels, client, cut, here, page, provided, publish, shows, strictly } from './harness/page.js';

const Jobs = () => useChannel('jobs', () => {});

test('under StrictMode there is one connection, and after the unmount none, no timer and no listener', async () => {
  const { text, unmount } = await page(strictly(<Jobs />));
  await shows(() => text() === 'active');
  expect([here.hub.connections().length, here.held.pages]).toEqual([1, 1]);
  await unmount();
  await shows(() => here.hub.connections().length === 0);
  expect(here.held).toEqual({ timers: 0, pages: 0 });
});

test.each([
  ['as it is', false],
  ['under StrictMode', true],
])('%s, 50 mounts and unmounts of a component are one connection; then none', async (_, strict) => {
  const seen = new Set<string>();
  const Both = ({ shown }: { shown: boolean }) => (
    <>
      {shown && <Jobs />}
      <i>{useConnectionStatus(({ connection }) => connection?.id)}</i>
    </>
  );
  const tree = (shown: boolean) => {
    const all = provided(<Both shown={shown} />, { ...here.options, lingerMs: 250 });
    return strict ? <StrictMode>{all}</StrictMode> : all;
  };
  const { show, unmount, text } = await page(tree(true));
  await shows(() => text()?.startsWith('active') ?? false);
  for (let times = 0; times < 50; times += 1) {
    await show(tree(false));
    await show(tree(true));
    for (const { id } of here.hub.connections()) seen.add(id);
  }
  await channels('jobs');
  expect(seen.size).toBe(1);
  expect(here.held.pages).toBe(1);
  await unmount();
  await shows(() => here.hub.connections().length === 0);
  expect(here.held).toEqual({ timers: 0, pages: 0 });
});

test('a client that is given stays open when the provider goes, and is not closed by StrictMode', async () => {
  const mine = client();
  const off = mine.subscribe('mine', () => {});
  const { unmount, text } = await page(
    <StrictMode>
      <TidingsProvider client={mine}>
        <Jobs />
      </TidingsProvider>
    </StrictMode>,
  );
  await shows(() => text() === 'active');
  await channels('jobs', 'mine');
  await unmount();
  await channels('mine');
  expect(mine.status.getSnapshot().status).toBe('connected');
  off();
});

test('another client is taken at once, and the first one is left', async () => {
  const [one, other] = [client({ clientId: 'one' }), client({ clientId: 'other' })];
  const tree = (mine: typeof one) => (
    <TidingsProvider client={mine}>
      <Jobs />
    </TidingsProvider>
  );
  const { show } = await page(tree(one));
  await channels('jobs');
  await show(tree(other));
  await shows(
    () =>
      here.hub
        .connections()
        .map(({ clientId }) => clientId)
        .join() === 'other',
  );
});

test('a render that is thrown away before it is mounted leaves nothing', async () => {
  let arrive = (_: string) => {};
  const late = new Promise<string>((resolve) => {
    arrive = resolve;
  });
  const Late = () => {
    useTidings();
    return use(late);
  };
  const { text } = await page(
    <Suspense fallback="waits">{provided([<Jobs key="jobs" />, <Late key="late" />])}</Suspense>,
  );
  expect(text()).toBe('waits');
  expect(here.held).toEqual({ timers: 0, pages: 0 });
  await act(async () => arrive('!'));
  await shows(
    () => text() === 'active!',
    () => `${text()}`,
  );
  expect([here.hub.connections().length, here.held.pages]).toEqual([1, 1]);
});

test('the token function of the last render is asked', async () => {
  const asked: string[] = [];
  const tree = (name: string) =>
    provided(<Jobs />, {
      ...here.options,
      token: () => {
        asked.push(name);
        return null;
      },
    });
  const { show, text } = await page(tree('first'));
  await shows(() => text() === 'active');
  await show(tree('second'));
  await cut();
  await shows(() => asked.at(-1) === 'second');
  expect(asked[0]).toBe('first');
});

test('useTidings is the client: it subscribes, asks and tells its status', async () => {
  const heard: unknown[] = [];
  const Own = () => {
    const hub = useTidings();
    const [shown, show] = useState('');
    useEffect(() => {
      const off = hub.on('jobs', 'done', ({ data }) => heard.push(data));
      void hub.request('presence?channel=jobs').then((answer) => show(`${answer.status}`));
      return off;
    }, [hub]);
    return shown;
  };
  const { text } = await page(provided(<Own />));
  await channels('jobs');
  await publish('jobs', 1, 'done');
  await shows(() => heard.length === 1 && text() === '200');
});

test.each([
  ['as it is', false],
  ['under StrictMode', true],
])('%s, the provider’s own client that somebody closes is `closed`, and stays so', async (_, strict) => {
  let hub: Client | undefined;
  const Light = () => {
    hub = useTidings();
    return useConnectionStatus(({ status }) => status);
  };
  const tree = (more: boolean) => {
    const all = provided([<Light key="light" />, <Jobs key="jobs" />, more && <Jobs key="more" />]);
    return strict ? <StrictMode>{all}</StrictMode> : all;
  };
  const { show, text } = await page(tree(false));
  await shows(() => text() === 'connectedactive');
  await act(async () => hub?.close());
  await shows(() => here.hub.connections().length === 0);
  await show(tree(true));
  await shows(() => text()?.startsWith('closed') ?? false);
  expect([hub?.status.getSnapshot().status, here.hub.connections().length]).toEqual(['closed', 0]);
  expect(() => hub?.subscribe('jobs', () => {})).toThrow('this client is closed');
});

test('closed before anybody needed it, the provider’s own client is closed, also after it was hidden', async () => {
  const Closes = () => {
    const hub = useTidings();
    useEffect(() => hub.close(), [hub]);
    return null;
  };
  const Light = () => useConnectionStatus(({ status }) => status);
  const tree = (mode: 'visible' | 'hidden', closes: boolean) => (
    <Activity mode={mode}>{provided([closes && <Closes key="closes" />, <Light key="light" />])}</Activity>
  );
  const { show, text } = await page(tree('visible', true));
  await shows(() => text() === 'closed');
  await show(tree('hidden', false));
  await show(tree('visible', false));
  await shows(() => text() === 'closed');
});

test('a component that uses the client as it goes leaves nothing', async () => {
  const Parting = () => {
    const hub = useTidings();
    useEffect(() => () => void hub.request('presence?channel=jobs'), [hub]);
    return null;
  };
  const { text, unmount } = await page(strictly([<Jobs key="jobs" />, <Parting key="parting" />]));
  await shows(() => text() === 'active');
  await unmount();
  await shows(() => here.hub.connections().length === 0);
  expect(here.held).toEqual({ timers: 0, pages: 0 });
});

test('a closed client takes no tree with it', async () => {
  const mine = client();
  mine.close();
  const Light = () => useConnectionStatus(({ status }) => status);
  const { text } = await page(
    <TidingsProvider client={mine}>
      <Jobs /> <Light />
    </TidingsProvider>,
  );
  expect(text()).toBe('pending closed');
});

test('without a provider, or one with nothing, the error says what to do', async () => {
  const Bare = () => {
    useTidings();
    return null;
  };
  await expect(page(<Bare />)).rejects.toThrow('no TidingsProvider above this component');
  const nothing = {} as ProviderProps;
  await expect(
    page(
      <TidingsProvider {...nothing}>
        <Jobs />
      </TidingsProvider>,
    ),
  ).rejects.toThrow('neither `client` nor `options`');
});
