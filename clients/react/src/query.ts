'use client';

import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import type { AnyEvents, Client } from '@tidings/client';
import { useEffect, useInsertionEffect, useRef } from 'react';
import { useTidings } from './provider.js';
import type { QueryOptions, QueryRules } from './rules.js';
import { type Rules, sync } from './sync.js';

export { type QueryOptions, type QueryRule, type QueryRules, setData } from './rules.js';

/** Keeps the queries of a TanStack `QueryClient` in step with events, until its answer is called. */
export function syncQueries<E = AnyEvents>(
  client: Client<E>,
  queryClient: QueryClient,
  rules: QueryRules<NoInfer<E>>,
  options: QueryOptions = {},
): () => void {
  return sync(client as unknown as Client, queryClient, Object.keys(rules), () => ({ rules: rules as Rules, options }));
}

/**
 * The same while the component is mounted, with the nearest providers' clients. The rules of the last render count;
 * other channels are subscribed to anew.
 */
export function useQuerySync<E = AnyEvents>(
  rules: QueryRules<NoInfer<E>>,
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
