// @vitest-environment happy-dom
// useChannel: who hears what, what is subscribed to, and which renders come of it.

import type { Client } from '@tidings/client';
import { expect, test } from 'vitest';
import { TidingsProvider, useChannel } from '../src/index.js';
import { channels, client, crash, here, page, provided, publish, shows } from './harness/page.js';

test('hears the channel’s events, and two components of two channels share one stream', async () => {
  const heard: unknown[] = [];
  const Jobs = () => useChannel('jobs', ({ data }) => heard.push(['jobs', data]));
  const Changes = () => useChannel('pending-changes', ({ data }) => heard.push(['changes', data]));
  const { text } = await page(
    provided(
      <>
        <Jobs />
        <Changes />
      </>,
    ),
  );
  await channels('jobs', 'pending-changes');
  await shows(() => text() === 'activeactive');
  await publish('jobs', 1);
  await publish('pending-changes', 2);
  await shows(() => heard.length === 2);
  expect(heard).toEqual([
    ['jobs', 1],
    ['changes', 2],
  ]);
});

test('by type, each function hears its own; a type that is called like an object’s own method is nobody’s', async () => {
  const heard: unknown[] = [];
  const Jobs = () =>
    useChannel('jobs', { started: ({ data }) => heard.push(data), message: () => heard.push('plain') });
  await page(provided(<Jobs />));
  await channels('jobs');
  await publish('jobs', 1, 'started');
  await publish('jobs', 2, 'toString');
  await publish('jobs', 3, '__defineGetter__');
  await publish('jobs', 4, 'completed');
  await publish('jobs', 5);
  await shows(() => heard.length === 2);
  expect(heard).toEqual([1, 'plain']);
});

test.each(['constructor', '__proto__'])('a channel may be called %s', async (name) => {
  const heard: unknown[] = [];
  const seen: string[] = [];
  const Odd = () => {
    const state = useChannel(name, ({ data }) => heard.push(data));
    seen.push(state);
    return state;
  };
  const { text } = await page(provided(<Odd />));
  await shows(() => text() === 'active');
  expect(seen).toEqual(['pending', 'active']);
  await publish(name, 1);
  await shows(() => heard.length === 1);
});

test('the listener of the last render hears, and nothing is subscribed to anew', async () => {
  const mine = client();
  let subscriptions = 0;
  const counted: Client = {
    ...mine,
    status: mine.status,
    subscribe: (...args) => {
      subscriptions += 1;
      return mine.subscribe(...args);
    },
  };
  const heard: unknown[] = [];
  const Jobs = ({ number }: { number: number }) => useChannel('jobs', ({ data }) => heard.push([number, data]));
  const tree = (number: number) => (
    <TidingsProvider client={counted}>
      <Jobs number={number} />
    </TidingsProvider>
  );
  const { show, text } = await page(tree(0));
  await shows(() => text() === 'active');
  await show(tree(7));
  await publish('jobs', 'x');
  await shows(() => heard.length === 1);
  expect(heard).toEqual([[7, 'x']]);
  expect(subscriptions).toBe(1);
});

test('a render for each change of the channel’s state, and none for events or other channels', async () => {
  let renders = 0;
  const Jobs = () => {
    renders += 1;
    return useChannel('jobs', () => {});
  };
  const Other = () => useChannel('other', () => {});
  const tree = (other: boolean) => provided([<Jobs key="jobs" />, other && <Other key="other" />]);
  const { show, text } = await page(tree(false));
  await shows(() => text() === 'active');
  // `pending`, `active`.
  expect(renders).toBe(2);
  for (let at = 0; at < 20; at += 1) await publish('jobs', at);
  await show(tree(true));
  await channels('jobs', 'other');
  await show(tree(false));
  await channels('jobs');
  // Two by `show`, which renders all below it.
  expect(renders).toBe(4);
});

test('disabled it is `idle` and not on the stream; the last that goes takes the channel off, and the stream goes on', async () => {
  const Jobs = ({ enabled }: { enabled: boolean }) => useChannel('jobs', () => {}, { enabled });
  const Other = () => useChannel('other', () => {});
  const tree = (enabled: boolean, second: boolean) =>
    provided([<Jobs key="a" enabled={enabled} />, second && <Jobs key="b" enabled />, <Other key="c" />]);
  const { show, text } = await page(tree(false, false));
  await channels('other');
  await shows(() => text() === 'idleactive');
  const [before] = here.hub.connections();
  await show(tree(true, true));
  await channels('jobs', 'other');
  await show(tree(true, false));
  await show(tree(false, false));
  await channels('other');
  expect(here.hub.connections()[0]?.id).toBe(before?.id);
});

test('denied, it says so, and the others have their stream', async () => {
  here.hub.deny('secret');
  const State = ({ of }: { of: string }) => <i>{useChannel(of, () => {})} </i>;
  const { text } = await page(provided([<State key="a" of="secret" />, <State key="b" of="jobs" />]));
  await shows(
    () => text() === 'denied active ',
    () => `${text()}`,
  );
});

test('a gap is told to the last render’s onGap', async () => {
  const gaps: unknown[] = [];
  const Jobs = ({ number }: { number: number }) =>
    useChannel('jobs', () => {}, { onGap: ({ channel, reason }) => gaps.push([number, channel, reason]) });
  const { show, text } = await page(provided(<Jobs number={1} />));
  await shows(() => text() === 'active');
  await publish('jobs', 1);
  await show(provided(<Jobs number={2} />));
  await crash();
  await shows(() => gaps.length === 1);
  expect(gaps).toEqual([[2, 'jobs', 'epoch']]);
});

test('a listener that throws is reported, and heard again', async () => {
  let heard = 0;
  const Jobs = () =>
    useChannel('jobs', () => {
      heard += 1;
      throw new Error('mine');
    });
  await page(provided(<Jobs />));
  await channels('jobs');
  await publish('jobs', 1);
  await publish('jobs', 2);
  await shows(() => heard === 2);
  expect(here.reported.splice(0).map(String)).toEqual(['Error: mine', 'Error: mine']);
});

test('the pattern of everything, by either of its spellings, has its state', async () => {
  const All = () => useChannel('all', () => {});
  const { text } = await page(provided(<All />));
  await shows(() => text() === 'active');
});
