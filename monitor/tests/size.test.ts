// What an operator's browser loads: the files that are embedded, as they are sent.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const PAGE_BYTES_MAX = 60 * 1_024;

const embedded = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../crates/tidings-server/src/pages/monitor/${name}`, import.meta.url)));

test('the page is small', () => {
  const bytes = ['index.html', 'app.js.gz', 'app.css.gz']
    .map((name) => embedded(name).length)
    .reduce((sum, one) => sum + one, 0);
  console.log(`the monitor: ${bytes} bytes of ${PAGE_BYTES_MAX}`);
  expect(bytes).toBeLessThanOrEqual(PAGE_BYTES_MAX);
});

test('what is packed is what is there', () => {
  for (const name of ['app.js', 'app.css'])
    expect(gunzipSync(embedded(`${name}.gz`)).equals(embedded(name))).toBe(true);
});

test('no string becomes markup or code, and nothing is loaded from elsewhere', () => {
  const script = embedded('app.js').toString();
  for (const way of ['insertAdjacentHTML', 'document.write', 'eval(', 'new Function'])
    expect(script).not.toContain(way);
  const hosts = [...script.matchAll(/https?:\/\/[^\s"'`)]+/g)].map(([host]) => host);
  expect(hosts.filter((host) => !host.startsWith('http://www.w3.org/'))).toEqual([]);
});
