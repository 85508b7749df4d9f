// The kiosk's story, row by row, each through the hop that is worst for it. All rows through all hops, with the beacon
// blocked too: proofs/prove_browser_matrix.js.

import { after, before, describe, test } from 'node:test';
import { HOPS } from '../harness/hops.js';
import { launchPlain } from '../harness/plain-browser.js';
import { assertHeld, Cell } from '../matrix/cell.js';
import { ROWS } from '../matrix/rows.js';
import { table } from '../matrix/table.js';

/** Rows that run side by side, each in a browser of its own: most of their time they wait for a lease. */
const AT_ONCE = 2;
const browsers = [];
const lines = new Map(ROWS.map(({ name }) => [name, []]));

before(async () => {
  for (let one = 0; one < AT_ONCE; one += 1) browsers.push(await launchPlain());
});

after(async () => {
  for (const browser of browsers) await browser.finish();
  console.log(table([...lines.values()].flat()));
  for (const reason of new Set(ROWS.map(({ worst, because }) => `${HOPS[worst].title} is the worst hop: ${because}.`))) console.log(reason);
});

describe('what the hub counts', { concurrency: AT_ONCE }, () => {
  for (const { name, run, worst } of ROWS) {
    test(`${name}, through ${HOPS[worst].title}`, { timeout: 120_000 }, async () => {
      const browser = browsers.pop();
      const cell = new Cell({ hop: worst, beacon: true, browser });
      try {
        await cell.run(run);
      } finally {
        browsers.push(browser);
        lines.set(name, cell.lines);
      }
      for (const line of cell.lines) assertHeld(line);
    });
  }
});
