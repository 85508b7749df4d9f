import type { AnyEvents, ChannelOf, Client, EventOf } from '@tidings/client';
import type { Dispatch, ReactElement, SetStateAction } from 'react';
import { type ChannelOptions, type ChannelState, type Listener, useChannel } from './channel.js';
import { type Presence, usePresence } from './presence.js';
import { type ProviderProps, TidingsProvider, useTidings } from './provider.js';
import { useEventState } from './state.js';
import { useConnectionStatus } from './status.js';

/** The hooks, and the provider, of an application whose channels are `E`. */
export interface Hooks<E = AnyEvents> {
  readonly TidingsProvider: (props: ProviderProps<E>) => ReactElement;
  readonly useTidings: () => Client<E>;
  readonly useChannel: <C extends ChannelOf<E>>(
    channel: C,
    listener: Listener<E, C>,
    options?: ChannelOptions,
  ) => ChannelState;
  readonly useConnectionStatus: typeof useConnectionStatus;
  readonly usePresence: (channel: ChannelOf<E>, options?: { readonly enabled?: boolean | undefined }) => Presence;
  readonly useEventState: <State, C extends ChannelOf<E>>(
    channel: C,
    reduce: (state: State, event: EventOf<E, C>) => State,
    initial: State | (() => State),
    options?: ChannelOptions,
  ) => [State, Dispatch<SetStateAction<State>>];
}

/**
 * The same hooks, typed once for an application's channels:
 *
 * ```ts
 * export const { TidingsProvider, useChannel } = createHooks<Events>();
 * ```
 *
 * It makes nothing: no context, no client.
 */
export function createHooks<E = AnyEvents>(): Hooks<E> {
  return { TidingsProvider, useTidings, useChannel, useConnectionStatus, usePresence, useEventState };
}
