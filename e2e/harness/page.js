// What a test asks a page. From outside and again and again: in a page that nobody looks at, what waits for a frame waits
// for ever.

import { TIMEOUT_MS } from './browser.js';
import { until } from './until.js';

/** Until the page's own `condition` is true. */
export function holds(page, condition, withinMs = TIMEOUT_MS) {
  const seen = () => page.evaluate('JSON.stringify({ ...window.seen, now: window.hub?.status.getSnapshot() })');
  return until(() => page.evaluate(`Boolean(${condition})`), withinMs, async () => `${condition} does not hold: ${await seen()}`);
}

const CONNECTED = 'window.hub?.status.getSnapshot().status === "connected"';

export const connected = (page) => holds(page, CONNECTED);

/** Whether it is so by now. */
export const isConnected = (page) => page.evaluate(CONNECTED);
