import { createClient } from '@tidings/client';
import type { ConnectionsEvent, Stats } from './types.js';

interface Events {
  '$hub/stats': { stats: Stats };
  [page: `$hub/connections?${string}`]: { connections: ConnectionsEvent };
  // What others publish can be anything.
  [channel: string]: Record<string, unknown>;
}

/** The hub's origin, and the path before it where a proxy puts one: this page is at `…/admin/monitoring`. */
export const BASE = new URL('..', location.href).href.replace(/\/$/, '');

/** The monitor's one stream: a connection like any other, with a label that says whose it is. */
export const client = createClient<Events>({ url: BASE, type: 'admin', backoff: { firstMs: 500, maxMs: 8_000 } });
