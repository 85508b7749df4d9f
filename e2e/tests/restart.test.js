// A hub that ends under its pages: all come back, and nothing is missed. Under 50 pages: proofs/prove_browser_restart.js.

import { after, before, test } from 'node:test';
import { launch } from '../harness/browser.js';
import { restartTable, restartUnder } from '../matrix/restart.js';

/** One on each hop. */
const PAGES = 5;
let browser;

before(async () => {
  browser = await launch();
});

after(() => browser.close());

test(`stopped in order and killed under ${PAGES} pages, all come back and have missed nothing`, { timeout: 120_000 }, async () => {
  const { lines } = await restartUnder(PAGES, browser);
  console.log(restartTable(lines));
});
