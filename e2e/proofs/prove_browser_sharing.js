// One stream for 4 and for 10 tabs, and the tab that has it lost in each way, through every hop.

import { HOPS } from '../harness/hops.js';
import { launchPlain } from '../harness/plain-browser.js';
import { LOSSES, loseLeader, shareTable } from '../matrix/share.js';

const TABS = [4, 10];

/** `words` may name some of the hops. */
export async function prove(words) {
  const lines = [];
  const broken = [];
  for (const hop of Object.keys(HOPS).filter((name) => words.length === 0 || words.includes(name))) {
    const browser = await launchPlain();
    for (const tabs of TABS) {
      for (const loss of Object.keys(LOSSES)) {
        const where = `${HOPS[hop].title}, ${tabs} tabs, ${loss}`;
        await loseLeader({ hop, tabs, loss, browser }).then(
          (line) => lines.push(line),
          (problem) => broken.push(`${where}: ${problem.message}`),
        );
      }
    }
    await browser.finish();
  }
  console.log('One stream for all tabs: the longest that any other tab heard nothing while the one that had the stream was lost,');
  console.log('with an event published every 40 ms; and the streams that the hub opened in all.\n');
  console.log(shareTable(lines));
  console.log(`\n${lines.length} losses: no event lost, none twice, none out of order, in any tab; 1 connection before and after`);
  for (const problem of broken) console.log(`BROKEN ${problem}`);
  if (broken.length > 0) process.exitCode = 1;
}
