// The matrix as it is printed: what happens down, hops across.

import { HOPS } from '../harness/hops.js';
import { wrong } from './cell.js';

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
