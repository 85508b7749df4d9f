import type { QueryClient } from '@tanstack/react-query';
import type { Client, Gap, TidingsEvent } from '@tidings/client';
import { refetch } from './refetch.js';
import type { QueryOptions, QueryRule } from './rules.js';

type Rule = QueryRule<never>;
export type Rules = Record<string, Rule | Record<string, Rule>>;

/** Follows the channels by the rules that `now` answers. */
export function sync(
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

const isRule = (one: Rule | Record<string, Rule>): one is Rule => typeof one === 'function' || Array.isArray(one);
