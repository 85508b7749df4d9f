// A hub that ends under 50 pages, ten on each hop.

import { launch } from '../harness/browser.js';
import { restartTable, restartUnder } from '../matrix/restart.js';

const PAGES = 50;

export async function prove() {
  const browser = await launch();
  try {
    const { lines, accepted, unknown } = await restartUnder(PAGES, browser);
    console.log(restartTable(lines));
    console.log(`\n${PAGES} pages back after a SIGTERM and after a SIGKILL, each by the states that it should have had;`);
    console.log(`${accepted} events accepted, ${unknown} of unknown fate; none missing without a gap, none twice, none out of order`);
  } finally {
    await browser.close();
  }
}
