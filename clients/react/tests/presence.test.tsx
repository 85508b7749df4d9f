// @vitest-environment happy-dom
// usePresence: who is on a channel, by the hub's answer and by what changes meanwhile.

import { act } from 'react';
import { beforeEach, expect, test } from 'vitest';
import { usePresence } from '../src/index.js';
import { crash, cut, here, page, provided, publish, shows } from './harness/page.js';

/** What the hub is asked, each to be answered by the test. */
let asked: { channel: string; answer: (users: string[] | number) => Promise<void>; aborted: () => boolean }[];

beforeEach(() => {
  asked = [];
  const { platform } = here.options;
  const fetch = (async (url: string, init: RequestInit = {}) => {
    const { pathname, searchParams } = new URL(url);
    if (!pathname.endsWith('/presence')) return platform?.fetch?.(url, init);
    return new Promise<Response>((resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason));
      asked.push({
        channel: searchParams.get('channel') ?? '',
        aborted: () => init.signal?.aborted ?? false,
        answer: (said) =>
          act(async () => {
            if (typeof said === 'number') return resolve(new Response('', { status: said }));
            resolve(Response.json({ users: said.map((user) => ({ user, connections: 1 })) }));
          }),
      });
    });
  }) as typeof globalThis.fetch;
  here.options = { ...here.options, platform: { ...platform, fetch } };
});

let renders = 0;
let refresh = () => {};
const Who = ({ channel = 'room:1', enabled = true }) => {
  renders += 1;
  const presence = usePresence(channel, { enabled });
  refresh = presence.refresh;
  const { users, ready, error } = presence;
  return `${ready ? 'ready' : 'not ready'}: ${users.join(' ')}${error ? ` (${error.message})` : ''}`;
};

const joined = (user: string) => publish('room:1', { channel: 'room:1', user }, 'joined');
const left = (user: string) => publish('room:1', { channel: 'room:1', user }, 'left');
const question = (number: number) => shows(() => asked.length === number);

test('asked once it is on the stream, and kept by joined and left', async () => {
  const { text } = await page(provided(<Who />));
  await question(1);
  expect(asked[0]?.channel).toBe('room:1');
  await asked[0]?.answer(['ann', 'bob']);
  expect(text()).toBe('ready: ann bob');
  await joined('cleo');
  await shows(() => text() === 'ready: ann bob cleo');
  await left('ann');
  await shows(() => text() === 'ready: bob cleo');
  const before = renders;
  await joined('bob');
  await left('nobody');
  await publish('room:1', { any: 'thing' }, 'door');
  await joined('dan');
  await shows(() => text() === 'ready: bob cleo dan');
  expect(renders).toBe(before + 1);
});

test('who came and went while the hub was asked is not undone by its older answer', async () => {
  const { text } = await page(provided(<Who />));
  await question(1);
  await joined('cleo');
  await left('ann');
  await asked[0]?.answer(['ann', 'bob']);
  expect(text()).toBe('ready: bob cleo');
});

test('asked again after a gap and after a reconnect; of two answers the last question’s counts', async () => {
  const { text } = await page(provided(<Who />));
  await question(1);
  await asked[0]?.answer(['ann']);
  await cut();
  await question(2);
  expect(text()).toBe('not ready: ann');
  await crash();
  // Back, and told of a gap: each asks, and the question before is given up.
  await question(4);
  expect(asked.map(({ aborted }) => aborted())).toEqual([true, true, true, false]);
  await asked.at(-1)?.answer(['bob']);
  await shows(
    () => text() === 'ready: bob',
    () => `${text()}`,
  );
});

test('a refusal is an error that says which channel; refresh asks again', async () => {
  const { text } = await page(provided(<Who />));
  await question(1);
  await asked[0]?.answer(403);
  expect(text()).toBe('not ready:  (who is on `room:1`: the hub answers 403)');
  await act(async () => refresh());
  await question(2);
  await asked[1]?.answer(['ann']);
  expect(text()).toBe('ready: ann');
});

test('of another channel nobody is shown of the one before; disabled, nobody', async () => {
  const { text, show } = await page(provided(<Who />));
  await question(1);
  await asked[0]?.answer(['ann']);
  await show(provided(<Who channel="room:2" />));
  expect(text()).toBe('not ready: ');
  await question(2);
  expect(asked[1]?.channel).toBe('room:2');
  await asked[1]?.answer(['bob']);
  expect(text()).toBe('ready: bob');
  await show(provided(<Who channel="room:2" enabled={false} />));
  expect(text()).toBe('not ready: ');
});
