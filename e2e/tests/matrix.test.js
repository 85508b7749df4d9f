// The kiosk's story, row by row, each through the hop that is worst for it. All rows through all hops, with the beacon
// blocked too: proofs/prove_browser_matrix.js.

import { after, before, test } from 'node:test';
import { HOPS } from '../harness/hops.js';
import { launchPlain } from '../harness/plain-browser.js';
import { assertHeld, Cell } from '../matrix/cell.js';
import { ROWS } from '../matrix/rows.js';
import { table } from '../matrix/table.js';

const lines = [];
let browser;

before(async () => {
  browser = await launchPlain();
});

after(async () => {
  await browser.finish();
  console.log(table(lines));
  for (const reason of new Set(ROWS.map(({ worst, because }) => `${HOPS[worst].title} is the worst hop: ${because}.`))) console.log(reason);
});

for (const { name, run, worst } of ROWS) {
  test(`${name}, through ${HOPS[worst].title}`, { timeout: 60_000 }, async () => {
    const found = await new Cell({ hop: worst, beacon: true, browser }).run(run);
    lines.push(...found);
    for (const line of found) assertHeld(line);
  });
}
