// @vitest-environment happy-dom
// @tidings/react/query: queries kept in step with events, with real queries of a real QueryClient.

import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query';
import { act, type ReactNode } from 'react';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type QueryOptions, type QueryRules, setData, syncQueries, useQuerySync } from '../src/query.js';
import { channels, client, crash, cut, here, page, provided, publish, shows } from './harness/page.js';

let queryClient: QueryClient;
/** The fetches that were begun, by key; the test answers those that it holds. */
let fetches: Record<string, { answer: (data: unknown) => Promise<void> }[]>;
let held: boolean;

beforeEach(() => {
  queryClient = new QueryClient({ defaultOptions: { queries: { retry: false, gcTime: 0 } } });
  fetches = {};
  held = false;
});

afterEach(() => queryClient.clear());

const count = (key: string) => fetches[key]?.length ?? 0;

function Query({ name, id }: { name: string; id?: number }) {
  const queryKey = id === undefined ? [name] : [name, id];
  const { data } = useQuery({
    queryKey,
    queryFn: () => {
      const key = queryKey.join('/');
      fetches[key] ??= [];
      const number = fetches[key].length + 1;
      return new Promise((resolve) => {
        fetches[key]?.push({ answer: (data) => act(async () => resolve(data)) });
        if (!held) resolve(number);
      });
    },
  });
  return <i>{`${queryKey.join('/')}=${JSON.stringify(data)} `}</i>;
}

const Sync = ({ rules, ...options }: { rules: QueryRules } & Parameters<typeof useQuerySync>[1]) => {
  useQuerySync(rules, options);
  return null;
};

const tree = (...children: ReactNode[]) =>
  provided(<QueryClientProvider client={queryClient}>{children}</QueryClientProvider>);

/** With `rules`, once its channels are on the stream and what that refetches is there. */
async function synced(rules: QueryRules, ...queries: ReactNode[]) {
  const { text } = await page(tree(<Sync key="sync" rules={rules} refetchOnActive={false} />, ...queries));
  await channels(...Object.keys(rules));
  await shows(() => !text()?.includes('undefined') && text() !== '');
  return { text };
}

test('an event makes the queries under its type’s key old, and no others', async () => {
  const rules = { jobs: { done: ['jobs'], started: ['other'] } };
  const { text } = await synced(
    rules,
    <Query key="1" name="jobs" />,
    <Query key="2" name="jobs" id={7} />,
    <Query key="3" name="rest" />,
  );
  await publish('jobs', {}, 'done');
  await shows(() => text() === 'jobs=2 jobs/7=2 rest=1 ');
  await publish('jobs', {}, 'unknown');
  await publish('jobs', {}, '__defineGetter__');
  await publish('jobs', {}, 'started');
  expect([count('jobs'), count('rest')]).toEqual([2, 1]);
});

test('a key for all of a channel’s events; a function that answers a key, or does it all by itself', async () => {
  const did: unknown[] = [];
  const rules: QueryRules = {
    changes: ['changes'],
    jobs: {
      done: ({ data }) => ['jobs', data.id],
      failed: ({ data }, own) => void did.push(data, own === queryClient),
    },
  };
  const { text } = await synced(
    rules,
    <Query key="1" name="jobs" id={7} />,
    <Query key="2" name="jobs" id={8} />,
    <Query key="3" name="changes" />,
  );
  await publish('jobs', { id: 8 }, 'done');
  await publish('changes', {}, 'anything');
  await publish('jobs', 5, 'failed');
  await shows(() => text() === 'jobs/7=1 jobs/8=2 changes=2 ');
  expect(did).toEqual([5, true]);
});

test('setData writes without a fetch; while one runs it is followed by another', async () => {
  const add = setData<number, { data: number }>(['sum'], (before, { data }) => before && before + data);
  const { text } = await synced({ jobs: add }, <Query key="1" name="sum" />);
  await publish('jobs', 10);
  await shows(() => text() === 'sum=11 ');
  expect(count('sum')).toBe(1);
  held = true;
  void queryClient.invalidateQueries({ queryKey: ['sum'] });
  await shows(() => count('sum') === 2);
  await publish('jobs', 10);
  await shows(() => text() === 'sum=21 ');
  expect(count('sum')).toBe(2);
  await fetches.sum?.[1]?.answer(11);
  await shows(() => count('sum') === 3);
  await fetches.sum?.[2]?.answer(21);
  await shows(() => text() === 'sum=21 ');
});

test('a hundred events are one fetch that runs and one more: none is thrown away, none is missed', async () => {
  const { text } = await synced({ jobs: ['jobs'] }, <Query key="1" name="jobs" />);
  held = true;
  for (let at = 0; at < 100; at += 1) await publish('jobs', at);
  await shows(() => count('jobs') === 2);
  await fetches.jobs?.[1]?.answer('older');
  await shows(() => text() === 'jobs="older" ' && count('jobs') === 3);
  await fetches.jobs?.[2]?.answer('newest');
  await shows(() => text() === 'jobs="newest" ');
  expect(count('jobs')).toBe(3);
});

test('an event during the first fetch of all is not lost to its older answer', async () => {
  held = true;
  const { text } = await page(
    tree(<Sync key="s" rules={{ jobs: ['jobs'] }} refetchOnActive={false} />, <Query key="1" name="jobs" />),
  );
  await channels('jobs');
  await publish('jobs', {});
  expect(count('jobs')).toBe(1);
  await fetches.jobs?.[0]?.answer('older');
  await shows(() => count('jobs') === 2);
  await fetches.jobs?.[1]?.answer('newest');
  await shows(() => text() === 'jobs="newest" ');
});

test.each<[string, QueryRules, QueryOptions, string]>([
  [
    'the keys of its channel’s rules',
    { jobs: { done: ['a'], step: setData(['b'], (data) => data) } },
    {},
    'a=2 b=2 c=1 ',
  ],
  ['all queries, where a rule is a function', { jobs: { done: ['a'], step: () => ['b'] } }, {}, 'a=2 b=2 c=2 '],
  ['what `gap` says', { jobs: () => ['a'] }, { gap: ({ reason }) => [reason === 'epoch' ? 'c' : 'b'] }, 'a=1 b=1 c=2 '],
])('a gap makes old: %s', async (_, rules, options, expected) => {
  const queries = ['a', 'b', 'c'].map((name) => <Query key={name} name={name} />);
  const { text } = await page(tree(<Sync key="s" rules={rules} {...options} refetchOnActive={false} />, ...queries));
  await channels('jobs');
  await shows(() => text() === 'a=1 b=1 c=1 ');
  await crash();
  await shows(
    () => text() === expected,
    () => `${text()}`,
  );
});

test('what was read before its channel was on the stream is read again, unless that is off', async () => {
  const query = <Query key="1" name="jobs" />;
  const { text, unmount } = await page(tree(<Sync key="s" rules={{ jobs: ['jobs'] }} />, query));
  await shows(() => text() === 'jobs=2 ');
  await cut();
  await channels('jobs');
  await publish('jobs', 1);
  await shows(() => text() === 'jobs=3 ');
  await unmount();
});

test('the rules of the last render count, without a new subscription; disabled, none do', async () => {
  const all = [<Query key="1" name="one" />, <Query key="2" name="other" />];
  const sync = (key: string, enabled = true) =>
    tree(<Sync key="sync" rules={{ jobs: [key] }} enabled={enabled} refetchOnActive={false} />, ...all);
  const { show, text } = await page(sync('one'));
  await channels('jobs');
  const [before] = here.hub.connections();
  await show(sync('other'));
  await publish('jobs', 1);
  await shows(() => text() === 'one=1 other=2 ');
  expect(here.hub.connections()).toEqual([before]);
  await show(sync('other', false));
  await shows(() => here.hub.connections().length === 0);
});

test('the plain form: the same without React, until its answer is called', async () => {
  const mine = client();
  queryClient = new QueryClient();
  const off = syncQueries(mine, queryClient, {
    jobs: setData<number, { data: number }>(['jobs'], (_, { data }) => data),
  });
  await channels('jobs');
  await publish('jobs', 5);
  await shows(() => queryClient.getQueryData(['jobs']) === 5);
  off();
  await shows(() => here.hub.connections().length === 0);
});
