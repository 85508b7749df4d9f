// Every row through every hop, with the beacon and without; the whole table, whatever comes of it.

import { HOPS } from '../harness/hops.js';
import { within } from '../harness/until.js';
import { launchPlain } from '../harness/plain-browser.js';
import { Cell } from '../matrix/cell.js';
import { ROWS } from '../matrix/rows.js';
import { LEGEND, table } from '../matrix/table.js';

/** Hops that are proven side by side: most of the time a row waits for a lease. */
const AT_ONCE = 3;
/** What says that it was the browser, or what drives it: the count is not to blame. */
const DRIVER = /Protocol error|Target crashed|has been closed/;
/** A row that has no end is broken, and the next one gets another browser. */
const ROW_WITHIN_MS = 180_000;

/** `words` may name some of the hops. */
export async function prove(words) {
  const hops = Object.keys(HOPS).filter((name) => words.length === 0 || words.includes(name));
  const lines = new Map(hops.map((hop) => [hop, []]));
  const [broken, repeated] = [[], []];
  const waiting = [...hops];
  const lane = async () => {
    for (let hop = waiting.shift(); hop; hop = waiting.shift()) await proveHop(hop, { lines: lines.get(hop), broken, repeated });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const all = [...lines.values()].flat();
  const wrong = all.filter(({ held }) => !held);
  console.log(`\n${LEGEND}\n`);
  console.log(table(all));
  console.log(`\n${all.length} counts: ${all.length - wrong.length} right within their bound, ${wrong.length} wrong`);
  for (const problem of repeated) console.log(`repeated, since the browser or what drives it failed: ${problem}`);
  for (const problem of broken) console.log(`BROKEN ${problem}`);
  if (wrong.length + broken.length > 0) process.exitCode = 1;
}

async function proveHop(hop, { lines, broken, repeated }) {
  const from = performance.now();
  let browser = await launchPlain();
  const attempt = async ({ run }, beacon) => {
    const cell = new Cell({ hop, beacon, browser, thorough: true });
    try {
      await within(ROW_WITHIN_MS, cell.run(run));
      return { seen: cell.lines };
    } catch (problem) {
      await browser.crash();
      await browser.finish().catch(() => {});
      browser = await launchPlain();
      return { seen: cell.lines, problem };
    }
  };
  for (const row of ROWS) {
    for (const beacon of [true, false]) {
      const told = (problem) => `${row.name}, ${HOPS[hop].title}, beacon ${beacon ? 'sent' : 'blocked'}: ${problem.message.split('\n')[0]}`;
      let { seen, problem } = await attempt(row, beacon);
      if (problem && DRIVER.test(problem.message) && seen.every(({ held }) => held)) {
        repeated.push(told(problem));
        ({ seen, problem } = await attempt(row, beacon));
      }
      if (problem) broken.push(told(problem));
      lines.push(...seen);
    }
  }
  await browser.finish();
  console.log(`${HOPS[hop].title}: ${lines.length} counts in ${Math.round((performance.now() - from) / 1_000)} s`);
}
