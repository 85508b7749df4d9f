import type { AnyEvents, ChannelOf, EventOf } from '@tidings/client';
import { type Dispatch, type SetStateAction, useState } from 'react';
import { type ChannelOptions, useSubscription } from './channel.js';
import { useTidings } from './provider.js';

/**
 * State that a channel's events make: `reduce(state, event)` gives the next one, and must not change the one before.
 * The component renders again when another comes out.
 *
 * Answers the state and its setter, as `useState` does: for what is fetched at the start and after a gap.
 */
export function useEventState<State, E = AnyEvents, C extends ChannelOf<E> = ChannelOf<E>>(
  channel: C,
  reduce: (state: State, event: EventOf<E, C>) => State,
  initial: State | (() => State),
  options: ChannelOptions = {},
): [State, Dispatch<SetStateAction<State>>] {
  const [state, set] = useState(initial);
  const take = (event: EventOf<E, C>) => set((before) => reduce(before, event));
  useSubscription(useTidings(), channel, take, options);
  return [state, set];
}
