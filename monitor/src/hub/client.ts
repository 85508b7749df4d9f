import { createClient } from '@tidings/client';
import { createHooks } from '@tidings/react';
import type { FunctionComponent } from 'preact';

/** The hub's origin, and the path before it where a proxy puts one: this page is at `…/admin/monitoring`. */
const BASE = new URL('..', location.href).href.replace(/\/$/, '');

/** The monitor's one stream: a connection like any other, with a label that says whose it is. */
export const client = createClient({ url: BASE, type: 'admin', backoff: { firstMs: 500, maxMs: 8_000 } });

const hooks = createHooks();
export const { useChannel, useConnectionStatus } = hooks;
// The hooks are typed for React, and run on Preact here.
export const TidingsProvider = hooks.TidingsProvider as unknown as FunctionComponent<{ client: typeof client }>;
