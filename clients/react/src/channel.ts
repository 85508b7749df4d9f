import type { AnyEvents, ChannelOf, ChannelStatus, Client, EventOf, Gap, TidingsEvent } from '@tidings/client';
import { useEffect, useInsertionEffect, useRef, useSyncExternalStore } from 'react';
import { useTidings } from './provider.js';

export interface ChannelOptions {
  /** Events of the channel were lost: fetch its state anew. */
  readonly onGap?: ((gap: Gap) => void) | undefined;
  /** `false` takes this component's subscription away. Default: `true`. */
  readonly enabled?: boolean | undefined;
}

/** One function for each type of event; a type without one is passed over. */
export type ListenerMap<E, C extends ChannelOf<E>> = {
  readonly [T in keyof E[C] & string]?: Hears<TidingsEvent<T, E[C][T]>> | undefined;
};

/** As a method, whose parameter TypeScript compares both ways: where a channel's types are any, each is one of them. */
type Hears<Event> = { hear(event: Event): void }['hear'];

/** What hears a channel: one function for all its events, or one for each type. */
export type Listener<E, C extends ChannelOf<E>> = ((event: EventOf<E, C>) => void) | ListenerMap<E, C>;

/** As the hub has it; and `idle` where `enabled` is false. */
export type ChannelState = ChannelStatus | 'idle';

/**
 * Calls `listener` with each event of the channel, or of all that match the pattern, while the component is mounted.
 * Always the listener of the last render: a new function costs nothing, and nothing is subscribed to anew.
 *
 * The answer is the channel's state on the stream; only when that changes does the component render again.
 */
export function useChannel<E = AnyEvents, C extends ChannelOf<E> = ChannelOf<E>>(
  channel: C,
  listener: Listener<E, C>,
  options: ChannelOptions = {},
): ChannelState {
  const client = useTidings();
  const { enabled = true } = options;
  useSubscription(client, channel, listener as Heard, options);
  const name = channel === 'all' ? '*' : channel;
  const state = () => (enabled ? (client.status.getSnapshot().channels[name] ?? 'pending') : 'idle');
  return useSyncExternalStore(client.status.subscribe, state, () => (enabled ? 'pending' : 'idle'));
}

// biome-ignore lint/suspicious/noExplicitAny: typed where it is given
type Heard = ((event: any) => void) | Record<string, (event: any) => void>;

/** The subscription alone, of which no render comes. */
export function useSubscription(
  client: Client,
  channel: string,
  listener: Heard,
  { onGap, enabled = true }: ChannelOptions,
): void {
  const latest = useRef({ listener, onGap });
  useInsertionEffect(() => {
    latest.current = { listener, onGap };
  });
  useEffect(() => {
    // One that was closed would throw, and take the whole tree with it; its status says so.
    if (!enabled || client.status.getSnapshot().status === 'closed') return;
    const hear = (event: TidingsEvent) => {
      const { listener } = latest.current;
      if (typeof listener === 'function') listener(event);
      // A publisher chooses the type: `toString` is nobody's listener.
      else if (Object.hasOwn(listener, event.type)) listener[event.type]?.(event);
    };
    return client.subscribe(channel, hear, { onGap: (gap) => latest.current.onGap?.(gap) });
  }, [client, channel, enabled]);
}
