// The monitor at 19,000 live connections and 500 opens and closes a second: `npm run prove -- prove_browser_monitor`.

import { measure } from '../load/monitor.js';

const FULL = { connections: 19_000, churn: 500, seconds: 60 };
const INP_MS_MAX = 200;
const CORE_PERCENT_MAX = 5;
/** Of the churn that was asked for. */
const CHURN_SHARE_MIN = 0.95;

/** `words` may be three numbers in place of these: connections, opens and closes a second, seconds a phase. */
export async function prove(words) {
  const [connections = FULL.connections, churn = FULL.churn, seconds = FULL.seconds] = words.map(Number);
  const figures = await measure({ connections, churn, seconds, say: (what) => console.error(what) });
  const { inp_ms: inp, hub_core_percent: core, monitor_costs_core_percent: costs, number } = figures;
  console.log(`The monitor at ${connections} live connections, ${figures.churn_a_second} opened and closed a second, three times ${seconds} s:`);
  console.log('without one, with one that is looked at, and with one that is used. The hub, those that come and go, the browser and');
  console.log('what drives it share the processors.\n');
  console.log(`interaction to next paint    ${inp} ms over ${figures.interactions} interactions, the worst ${figures.worst_ms} ms (at most ${INP_MS_MAX})`);
  for (const one of figures.slowest) console.log(`                             ${one}`);
  console.log(`the hub, of a core           ${core.without_monitor} % without, ${core.looked_at} % looked at, ${core.used} % used`);
  console.log(`what the monitor costs it    ${costs.looked_at} % looked at, ${costs.used} % used (at most ${CORE_PERCENT_MAX})`);
  console.log(`the page's number            ${number.page}, the kernel's of the crowd and its own ${number.kernel}; at most ${number.most_apart_while_changing} apart while they came and went`);
  console.log(`                             (${number.samples} looks; the page's is up to a second old, the kernel's list takes up to ${number.reading_ms} ms to read)`);
  console.log(`the page's audit line        ${figures.audit}`);
  if (figures.churn_a_second < churn * CHURN_SHARE_MIN) throw new Error(`only ${figures.churn_a_second} came and went a second`);
  if (!figures.audit.endsWith('mismatch 0')) throw new Error(`the hub's audit: ${figures.audit}`);
  if (inp > INP_MS_MAX) throw new Error(`an interaction took ${inp} ms to be seen, more than ${INP_MS_MAX}`);
  const cost = Math.max(costs.looked_at, costs.used);
  if (cost > CORE_PERCENT_MAX) throw new Error(`the monitor cost the hub ${cost} % of a core, more than ${CORE_PERCENT_MAX}`);
}
