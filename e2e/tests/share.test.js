// Four tabs, one stream, and the tab that has it lost in each way. With 10 tabs, and through every hop:
// proofs/prove_browser_sharing.js.

import { after, before, describe, test } from 'node:test';
import { launchPlain } from '../harness/plain-browser.js';
import { LOSSES, loseLeader, shareTable } from '../matrix/share.js';

/** Side by side, each in a browser of its own. */
const AT_ONCE = 2;
const TABS = 4;
/** Shorter than the default of 5 s, so that less is waited for. */
const WATCHDOG_MS = 2_000;
/** It goes on reading for a leader that is gone: whatever the next one needs, it must get without it. */
const WORST = 'ghost';
const browsers = [];
const lines = [];

before(async () => {
  for (let one = 0; one < AT_ONCE; one += 1) browsers.push(await launchPlain());
});

after(async () => {
  for (const browser of browsers) await browser.finish();
  console.log(shareTable(lines));
});

describe('the tab that has the stream of all is lost', { concurrency: AT_ONCE }, () => {
  for (const loss of Object.keys(LOSSES)) {
    test(`${loss}: events go on in the others, none lost, none twice`, { timeout: 90_000 }, async () => {
      const browser = browsers.pop();
      try {
        lines.push(await loseLeader({ hop: WORST, tabs: TABS, loss, browser, watchdogMs: WATCHDOG_MS }));
      } finally {
        browsers.push(browser);
      }
    });
  }
});
