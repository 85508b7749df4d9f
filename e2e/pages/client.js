// What a page of the tests does. The query says how: `hub` (its address), `lease` (seconds), `beacon=0` (none is sent),
// `backoff` (JSON), `uncached` (the page is kept out of the back-forward cache), `user`.

import { createClient } from '@tidings/client';

export function page(query) {
  const seen = { events: [], gaps: [], malformed: [], states: [], errors: [], restored: 0 };
  const given = (name, otherwise) => JSON.parse(query.get(name) ?? JSON.stringify(otherwise));
  const hub = createClient({
    url: query.get('hub') ?? '',
    type: 'page',
    leaseSeconds: given('lease', 90),
    backoff: given('backoff', { firstMs: 100, maxMs: 1_000 }),
    onMalformed: (raw) => seen.malformed.push(raw),
    platform: query.get('beacon') === '0' ? { beacon: () => {} } : {},
  });
  const look = () => {
    const { status, error } = hub.status.getSnapshot();
    if (seen.states.at(-1) !== status) seen.states.push(status);
    if (error && seen.errors.at(-1) !== error.message) seen.errors.push(error.message);
  };
  hub.status.subscribe(look);
  look();
  const off = hub.subscribe('jobs', ({ data, offset, type, id }) => seen.events.push({ data, offset, type, id }), {
    onGap: (gap) => seen.gaps.push(gap),
  });
  // It shuts a page out of the back-forward cache.
  if (query.has('uncached')) addEventListener('unload', () => {});
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) seen.restored += 1;
  });
  Object.assign(window, { hub, seen, off });
}
