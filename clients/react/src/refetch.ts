import { hashKey, type QueryClient, type QueryKey } from '@tanstack/react-query';

/** `due` in this turn; `running`; and `again`, since something happened meanwhile. */
type Stage = 'due' | 'running' | 'again';

const stages = /* @__PURE__ */ new WeakMap<QueryClient, Map<string, Stage>>();

/**
 * Has the queries under this key read what is there now. However many events ask for it, one fetch of a query runs at a
 * time and one more is due: a fetch is never thrown away for the next one, which under many events would never end. One
 * that runs already may have read what was there before the event, and is followed by another.
 */
export async function refetch(queryClient: QueryClient, queryKey: QueryKey): Promise<void> {
  const stage = of(queryClient);
  const hash = hashKey(queryKey);
  if (stage.has(hash)) {
    if (stage.get(hash) === 'running') stage.set(hash, 'again');
    return;
  }
  stage.set(hash, 'due');
  do {
    await null;
    stage.set(hash, 'running');
    const running = queryClient.getQueryCache().findAll({ queryKey, fetchStatus: 'fetching' });
    const invalidated = queryClient.invalidateQueries({ queryKey }, { cancelRefetch: false });
    await Promise.allSettled([invalidated, ...running.map(({ promise }) => promise)]);
    const late = { queryKey, predicate: (query: unknown) => running.includes(query as never) };
    if (stage.get(hash) === 'running' && running.length > 0) await queryClient.invalidateQueries(late);
  } while (stage.get(hash) === 'again');
  stage.delete(hash);
}

function of(queryClient: QueryClient): Map<string, Stage> {
  const known = stages.get(queryClient) ?? new Map<string, Stage>();
  stages.set(queryClient, known);
  return known;
}
