// What a page pays: the client with its parser, as a bundler leaves it.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { VERSION } from '../src/version.js';

const CLIENT_BYTES_MAX = 8_832;
/** Without the parser, which a page has once. */
const FACADE_BYTES_MAX = 1_024;

const path = (of: string) => fileURLToPath(new URL(`../${of}`, import.meta.url));

test.each([
  ['the client and its parser', "export { createClient } from './src/index.ts'", [], CLIENT_BYTES_MAX],
  ['the facade', "export { EventSource } from './src/eventsource.ts'", ['eventsource-parser'], FACADE_BYTES_MAX],
])('%s: its budget, minified and gzipped', async (name, contents, external, most) => {
  const stdin = { contents, resolveDir: path('.') };
  const built = await build({
    stdin,
    external,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  const bytes = gzipSync(built.outputFiles[0]?.contents ?? '', { level: 9 }).length;
  console.log(`${name}: ${bytes} bytes of ${most}`);
  expect(bytes).toBeLessThanOrEqual(most);
});

test('the version it tells the hub is the package’s', () => {
  expect(JSON.parse(readFileSync(path('package.json'), 'utf8')).version).toBe(VERSION);
});
