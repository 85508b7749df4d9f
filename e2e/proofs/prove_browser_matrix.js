// Every row through every hop, with the beacon and without; the whole table, whatever comes of it.

import { HOPS } from '../harness/hops.js';
import { launchPlain } from '../harness/plain-browser.js';
import { Cell, LEASE_SECONDS } from '../matrix/cell.js';
import { ROWS } from '../matrix/rows.js';
import { table } from '../matrix/table.js';

/** `words` may name some of the hops. */
export async function prove(words) {
  const lines = [];
  const broken = [];
  for (const hop of Object.keys(HOPS).filter((name) => words.length === 0 || words.includes(name))) {
    const browser = await launchPlain();
    for (const { name, run } of ROWS) {
      for (const beacon of [true, false]) {
        const cell = new Cell({ hop, beacon, browser, thorough: true });
        const where = `${name}, ${HOPS[hop].title}, beacon ${beacon ? 'sent' : 'blocked'}`;
        await cell.run(run).catch((problem) => broken.push(`${where}: ${problem.message}`));
        lines.push(...cell.lines);
      }
    }
    await browser.finish();
  }
  const wrong = lines.filter(({ held }) => !held);
  console.log(`Connections as the hub counts them, and the milliseconds from what happened until that was so and stayed so;`);
  console.log(`then why streams ended. Lease ${LEASE_SECONDS} s. Beside the hop's name, a bound of its own.\n`);
  console.log(table(lines));
  console.log(`\n${lines.length} counts: ${lines.length - wrong.length} right within their bound, ${wrong.length} wrong`);
  for (const problem of broken) console.log(`BROKEN ${problem}`);
  if (wrong.length + broken.length > 0) process.exitCode = 1;
}
