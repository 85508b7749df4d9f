// The small twin of proofs/prove_browser_monitor.js: the same run and the same checks, with fewer connections.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measure } from '../load/monitor.js';

// Speed is measured, and not held to a bound but this one: a page that hangs.
const HANGS_MS = 5_000;

test('under load the number is the kernel’s and the page answers', { timeout: 180_000 }, async (t) => {
  const figures = await measure({ connections: 500, churn: 50, seconds: 6 });
  t.diagnostic(JSON.stringify(figures));
  assert.ok(figures.interactions >= 10, 'enough was done to be measured');
  assert.ok(figures.inp_ms < HANGS_MS, `an interaction took ${figures.inp_ms} ms`);
  assert.ok(figures.churn_a_second > 10, 'the crowd came and went');
});
