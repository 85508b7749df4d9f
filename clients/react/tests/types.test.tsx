// What an application's types hold, and refuse. `tsc` is the test: a line that should be refused and isn't, is an error.

import { QueryClient } from '@tanstack/react-query';
import { type Client, createClient, type EventOf, type Snapshot } from '@tidings/client';
import { expectTypeOf, test } from 'vitest';
import { type ChannelState, createHooks, TidingsProvider, useChannel, usePresence } from '../src/index.js';
import { type QueryRules, setData, syncQueries, useQuerySync } from '../src/query.js';

interface Events {
  jobs: { job_started: { id: number }; job_completed: { id: number; status: string } };
  'pending-changes': { manifest_changed: { project_folder: string } };
  [room: `room:${string}`]: { door: { open: boolean } };
}

const hooks = createHooks<Events>();
const options = { url: 'http://hub' };

test('the hooks of an application know its channels, their types and their data', () => {
  () => {
    const state = hooks.useChannel('jobs', (event) => {
      expectTypeOf(event).toEqualTypeOf<EventOf<Events, 'jobs'>>();
      if (event.type === 'job_completed') expectTypeOf(event.data).toEqualTypeOf<{ id: number; status: string }>();
      // @ts-expect-error job_started has no status: the type was not looked at
      event.data.status;
    });
    expectTypeOf(state).toEqualTypeOf<ChannelState>();
    hooks.useChannel('jobs', {
      job_started: ({ data }) => expectTypeOf(data).toEqualTypeOf<{ id: number }>(),
      job_completed: ({ data, type }) => {
        expectTypeOf(data.status).toEqualTypeOf<string>();
        expectTypeOf(type).toEqualTypeOf<'job_completed'>();
      },
    });
    hooks.useChannel('room:7', ({ data }) => expectTypeOf(data).toEqualTypeOf<{ open: boolean }>());
    hooks.useChannel('room:*', { door: undefined }, { enabled: undefined, onGap: undefined });
    // @ts-expect-error no such channel
    hooks.useChannel('job', () => {});
    // @ts-expect-error no such type of event
    hooks.useChannel('jobs', { job_finished: () => {} });
    // @ts-expect-error no such data
    hooks.useChannel('jobs', { job_started: ({ data }) => data.status });
    // @ts-expect-error no such channel
    hooks.usePresence('rooms');
    expectTypeOf(hooks.usePresence('room:7').users).toEqualTypeOf<readonly string[]>();
  };
});

test('a state’s type comes from where it begins', () => {
  () => {
    const [open, set] = hooks.useEventState('room:1', (before, { data }) => before || data.open, false);
    expectTypeOf(open).toEqualTypeOf<boolean>();
    set(true);
    // @ts-expect-error a boolean’s state
    set('yes');
    const [jobs] = hooks.useEventState<number[], 'jobs'>('jobs', (before, { data }) => [...before, data.id], []);
    expectTypeOf(jobs).toEqualTypeOf<number[]>();
  };
});

test('the status, whole or a part of it', () => {
  () => {
    expectTypeOf(hooks.useConnectionStatus()).toEqualTypeOf<Snapshot>();
    expectTypeOf(hooks.useConnectionStatus(({ attempt }) => attempt)).toEqualTypeOf<number>();
    // @ts-expect-error no such member
    hooks.useConnectionStatus(({ tries }) => tries);
  };
});

test('a provider has a client of its application, or the options of one, and not both', () => {
  const client = createClient<Events>(options);
  expectTypeOf(hooks.useTidings).returns.toEqualTypeOf<Client<Events>>();
  () => [
    <hooks.TidingsProvider key="1" client={client} />,
    <hooks.TidingsProvider key="2" options={{ ...options, channels: ['jobs'] }} />,
    <TidingsProvider key="3" client={client}>
      text
    </TidingsProvider>,
    // @ts-expect-error one of them
    <TidingsProvider key="4" client={client} options={options} />,
    // @ts-expect-error one of them
    <TidingsProvider key="5" />,
    // @ts-expect-error no such channel
    <hooks.TidingsProvider key="6" options={{ ...options, channels: ['job'] }} />,
  ];
  client.close();
});

test('without an application’s types any channel is one, and its data can be anything', () => {
  () => {
    useChannel('anything', ({ data, type }) => [data.whatever, expectTypeOf(type).toEqualTypeOf<string>()]);
    useChannel('anything', { one: ({ data }) => data.whatever });
    usePresence('anything');
    useChannel<Events, 'jobs'>('jobs', { job_started: ({ data }) => expectTypeOf(data.id).toEqualTypeOf<number>() });
    useQuerySync({ anything: { done: ({ data }) => ['jobs', data.id] }, other: ['other'] });
  };
});

test('the rules of queries know the same', () => {
  const rules: QueryRules<Events> = {
    jobs: {
      job_started: ['jobs'],
      job_completed: ({ data }) => ['jobs', data.id, data.status],
    },
    'pending-changes': ({ data }, queryClient) => queryClient.removeQueries({ queryKey: [data.project_folder] }),
    'room:*': {
      door: setData(
        ({ channel }) => ['room', channel],
        (before: { open: boolean } | undefined, { data }) => before && { ...before, open: data.open },
      ),
    },
  };
  () => {
    useQuerySync<Events>(rules, { gap: ({ channel }) => [channel], enabled: true });
    syncQueries(createClient<Events>(options), new QueryClient(), rules);
    // @ts-expect-error no such channel
    useQuerySync<Events>({ job: ['jobs'] });
    // @ts-expect-error no such type of event
    useQuerySync<Events>({ jobs: { job_finished: ['jobs'] } });
    // @ts-expect-error no such data
    useQuerySync<Events>({ jobs: { job_started: ({ data }) => [data.status] } });
  };
});
