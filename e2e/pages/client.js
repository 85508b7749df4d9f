// What a page of the tests does. The query says how: `hub` (its address), `lease` (seconds), `beacon=0` (none is sent),
// `backoff` (JSON), `token` (one is sent), `also` (a second channel), `refetch` (what a gap lost is read from history),
// `uncached` (the page is kept out of the back-forward cache).

import { createClient } from '@tidings/client';

export function page(query, options = {}) {
  const seen = { events: [], gaps: [], refetched: [], malformed: [], states: [], times: [], attempts: [], tokens: [], restored: 0 };
  const given = (name, otherwise) => JSON.parse(query.get(name) ?? JSON.stringify(otherwise));
  const hub = createClient({
    url: given('hub', ''),
    type: 'page',
    leaseSeconds: given('lease', 90),
    backoff: given('backoff', { firstMs: 100, maxMs: 1_000 }),
    token: query.has('token') ? ({ reason }) => seen.tokens.push(reason) && 'a-token' : undefined,
    onMalformed: (raw) => seen.malformed.push(raw),
    platform: query.get('beacon') === '0' ? { beacon: () => {} } : {},
    ...options,
  });
  const look = () => {
    const { status } = hub.status.getSnapshot();
    if (seen.states.at(-1) === status) return;
    seen.states.push(status);
    seen.times.push(Date.now());
    seen.attempts.push(hub.status.getSnapshot().attempt);
  };
  hub.status.subscribe(look);
  look();
  const off = hub.subscribe('jobs', ({ data, offset }) => seen.events.push({ data, offset, at: Date.now() }), {
    onGap: (gap) => {
      seen.gaps.push(gap);
      if (query.has('refetch')) void refetch(given('hub', ''), seen);
    },
  });
  if (query.has('also')) hub.subscribe(given('also'), () => {});
  // It shuts a page out of the back-forward cache.
  if (query.has('uncached')) addEventListener('unload', () => {});
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) seen.restored += 1;
  });
  Object.assign(window, { hub, seen, off });
}

/** What an application does that was told of a gap: it reads the state anew. */
async function refetch(url, seen) {
  const answer = await fetch(`${url}/api/sse/history?channel=jobs&limit=1000`);
  for (const { data, offset } of (await answer.json()).events) seen.refetched.push({ data, offset });
}
