import type { QueryClient, QueryKey } from '@tanstack/react-query';
import type { AnyEvents, ChannelOf, EventOf, Gap, TidingsEvent } from '@tidings/client';

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
