'use client';

import { type QueryClient, type QueryKey, useQueryClient } from '@tanstack/react-query';
import type { AnyEvents, ChannelOf, Client, EventOf, Gap, TidingsEvent } from '@tidings/client';
import { useEffect, useInsertionEffect, useRef } from 'react';
import { useTidings } from './provider.js';
import { refetch } from './refetch.js';

/**
 * What an event means for the queries: the key of those that it makes old (all that begin with it, as
 * `invalidateQueries` has it), or a function that answers such a key, or nothing where it did by itself what there was
 * to do.
 */
export type QueryRule<Event> = QueryKey | RuleFunction<Event>;

// As a method, whose parameter TypeScript compares both ways: where a channel's types are any, each is one of them.
type RuleFunction<Event> = {
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that answers nothing is one
  rule(event: Event, queryClient: QueryClient): QueryKey | undefined | void;
}['rule'] & { readonly queryKey?: QueryKey };

/** By channel, or pattern: one rule for all its events, or one for each type. */
export type QueryRules<E = AnyEvents> = {
  readonly [C in ChannelOf<E>]?:
    | QueryRule<EventOf<E, C>>
    | { readonly [T in keyof E[C] & string]?: QueryRule<TidingsEvent<T, E[C][T]>> };
};

export interface QueryOptions {
  /**
   * What a gap means. Default: all keys of its channel's rules are old; where one of them is a function, which can't be
   * asked without an event, all queries are.
   */
  readonly gap?: QueryRule<Gap> | undefined;
  /**
   * What was read before its channel was on the stream may be older than the first event: so it counts as a gap (with
   * the reason `subscribed`) when the channel comes on. `false`: it doesn't. Default: `true`.
   */
  readonly refetchOnActive?: boolean | undefined;
}

/** Keeps the queries of a TanStack `QueryClient` in step with events, until its answer is called. */
export function syncQueries<E = AnyEvents>(
  client: Client<E>,
  queryClient: QueryClient,
  rules: QueryRules<E>,
  options: QueryOptions = {},
): () => void {
  return sync(client as unknown as Client, queryClient, Object.keys(rules), () => ({ rules: rules as Rules, options }));
}

/**
 * The same while the component is mounted, with the nearest providers' clients. The rules of the last render count;
 * other channels are subscribed to anew.
 */
export function useQuerySync<E = AnyEvents>(
  rules: QueryRules<E>,
  { enabled = true, ...options }: QueryOptions & { readonly enabled?: boolean | undefined } = {},
): void {
  const client = useTidings();
  const queryClient = useQueryClient();
  const latest = useRef({ rules: rules as Rules, options });
  useInsertionEffect(() => {
    latest.current = { rules: rules as Rules, options };
  });
  // No channel has a comma.
  const channels = Object.keys(rules).join();
  useEffect(() => {
    if (!enabled || !channels || client.status.getSnapshot().status === 'closed') return;
    return sync(client, queryClient, channels.split(','), () => latest.current);
  }, [client, queryClient, channels, enabled]);
}

/**
 * A rule that writes an event into a query's data, with no fetch: `change(data, event)` gives the next data, or undefined
 * to leave it. A query that is being fetched is fetched once more, since the answer may be older than the event.
 */
export function setData<Data, Event>(
  key: QueryKey | ((event: Event) => QueryKey),
  change: (data: Data | undefined, event: Event) => Data | undefined,
): RuleFunction<Event> {
  const rule = (event: Event, queryClient: QueryClient) => {
    const queryKey = typeof key === 'function' ? key(event) : key;
    queryClient.setQueryData<Data>(queryKey, (data) => change(data, event));
    return queryClient.isFetching({ queryKey, exact: true }) ? queryKey : undefined;
  };
  return typeof key === 'function' ? rule : Object.assign(rule, { queryKey: key });
}

type Rule = QueryRule<never>;
type Rules = Record<string, Rule | Record<string, Rule>>;

const isRule = (one: Rule | Record<string, Rule>): one is Rule => typeof one === 'function' || Array.isArray(one);

function sync(
  client: Client,
  queryClient: QueryClient,
  channels: readonly string[],
  now: () => { rules: Rules; options: QueryOptions },
): () => void {
  const follow = (rule: Rule | undefined, event: unknown) => {
    const key = typeof rule === 'function' ? rule(event as never, queryClient) : rule;
    if (key) void refetch(queryClient, key);
  };

  const lost = (channel: string, gap: Gap) => {
    const { rules, options } = now();
    if (options.gap) return follow(options.gap, gap);
    const rule = rules[channel] ?? {};
    const keys = (isRule(rule) ? [rule] : Object.values(rule)).map((one) =>
      typeof one === 'function' ? one.queryKey : one,
    );
    for (const key of keys.every(Boolean) ? keys : [[]]) follow(key, gap);
  };

  const hear = (channel: string, event: TidingsEvent) => {
    const rule = now().rules[channel] ?? {};
    // A publisher chooses the type: `toString` has no rule.
    follow(isRule(rule) ? rule : Object.hasOwn(rule, event.type) ? rule[event.type] : undefined, event);
  };

  const behind = new Set(channels);
  const look = (first = false) => {
    const states = client.status.getSnapshot().channels;
    for (const channel of channels) {
      const state = states[channel === 'all' ? '*' : channel];
      if (state === 'denied') behind.add(channel);
      if (state !== 'active' || !behind.delete(channel) || first) continue;
      if (now().options.refetchOnActive !== false) lost(channel, { channel, reason: 'subscribed' });
    }
  };

  look(true);
  const offs = channels.map((channel) =>
    client.subscribe(channel, (event) => hear(channel, event), { onGap: (gap) => lost(channel, gap) }),
  );
  offs.push(client.status.subscribe(() => look()));
  return () => {
    for (const off of offs) off();
  };
}
