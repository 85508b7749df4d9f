// The matrix as it is printed: what happens down, hops across.

import { HOPS } from '../harness/hops.js';
import { LEASE_SECONDS, wrong } from './cell.js';

/** What is to be known for reading it. */
export const LEGEND = `Connections as the hub counts them; the milliseconds from what happened until that was so and stayed so; and why streams
ended. Blocked: the page sends no beacon. The lease is ${LEASE_SECONDS} s (ten tabs: 35 s, or 10 s where they share); by default
it is 90 s, and what took a lease here takes that.
Directly, nginx and HAProxy: the pages come from another origin. Vite 8 and http-proxy: from the proxy itself.
Bounds, 5 s of each for a busy machine: 5 s where the page's last word or the end of its socket tells, and no lease may
have run out; 9 s where neither does, and the lease and the sweep must; 10 s for a page that loads or comes back, which
the hub may have asked to stay away for up to 5 s; 19 s for five reloads of which nothing tells, after the third of which
the hub takes their one name for two tabs; and 2 s more for each further tab that starts or ends.
Six connections for ten tabs: Chromium opens no more to a host over HTTP/1.1; the other tabs wait for a place, and so do
the requests that renew the leases. Tabs that share a stream have no such trouble.`;

/** `lines` of any number of cells, as a Markdown table. */
export function table(lines) {
  const hops = Object.keys(HOPS).filter((hop) => lines.some((line) => line.hop === hop));
  const rows = new Map();
  for (const line of lines) {
    const key = `${line.what} | ${line.beacon ? 'sent' : 'blocked'}`;
    if (!rows.has(key)) rows.set(key, []);
    rows.get(key).push(line);
  }
  const head = ['what happens', 'beacon', 'expected', ...hops.map((hop) => HOPS[hop].title), 'bound, s'];
  const out = [head, head.map((_, at) => (at < 3 ? '---' : '---'))];
  for (const [key, found] of rows) {
    const cells = hops.map((hop) => seen(found.find((line) => line.hop === hop)));
    out.push([...key.split(' | '), found[0].expected, ...cells, bounds(found)]);
  }
  return out.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** `0 in 34 ms: 1 disconnected` */
function seen(line) {
  if (!line) return '';
  const { held, seen: count, tookMs, ended, tooMany } = line;
  if (!held) return `**${wrong(line)}**`;
  const more = tooMany ? ` (${tooMany} before)` : '';
  return `${count} in ${Math.round(tookMs)} ms${more}${ended.length > 0 ? `: ${ended.join(', ')}` : ''}`;
}

/** The bound of most hops, and those that differ by name. */
function bounds(lines) {
  const by = new Map();
  for (const { boundMs, hop } of lines) by.set(boundMs, [...(by.get(boundMs) ?? []), HOPS[hop].title]);
  const [[usual], ...others] = [...by].sort(([, one], [, other]) => other.length - one.length);
  return [usual / 1_000, ...others.map(([ms, titles]) => `${titles.join(', ')} ${ms / 1_000}`)].join('; ');
}
