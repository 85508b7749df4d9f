// Every row through every hop, with the beacon and without; the whole table, whatever comes of it.

import { HOPS } from '../harness/hops.js';
import { launchPlain } from '../harness/plain-browser.js';
import { Cell } from '../matrix/cell.js';
import { ROWS } from '../matrix/rows.js';
import { table } from '../matrix/table.js';

const words = process.argv.slice(2);
const wants = (word) => words.length === 0 || words.includes(word);
const lines = [];
const broken = [];

for (const hop of Object.keys(HOPS).filter(wants)) {
  const browser = await launchPlain();
  for (const { name, run } of ROWS) {
    for (const beacon of [true, false]) {
      const cell = new Cell({ hop, beacon, browser, thorough: true });
      await cell.run(run).catch((problem) => broken.push(`${name}, ${HOPS[hop].title}, beacon ${beacon ? 'sent' : 'blocked'}: ${problem.message}`));
      lines.push(...cell.lines);
    }
  }
  await browser.finish();
}

const wrong = lines.filter(({ held }) => !held);
console.log(table(lines));
console.log(`\n${lines.length} counts: ${lines.length - wrong.length} right within their bound, ${wrong.length} wrong`);
for (const problem of broken) console.log(`BROKEN ${problem}`);
process.exitCode = wrong.length + broken.length > 0 ? 1 : 0;
