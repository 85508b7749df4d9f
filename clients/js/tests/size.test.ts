// What a page pays: the client with its parser, as a bundler leaves it.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { VERSION } from '../src/version.js';

const CLIENT_BYTES_MAX = 8_704;

const path = (of: string) => fileURLToPath(new URL(`../${of}`, import.meta.url));

test('the client and its parser fit their budget, minified and gzipped', async () => {
  const stdin = { contents: "export { createClient } from './src/index.ts'", resolveDir: path('.') };
  const built = await build({ stdin, bundle: true, minify: true, format: 'esm', target: 'es2022', write: false });
  const bytes = gzipSync(built.outputFiles[0]?.contents ?? '', { level: 9 }).length;
  console.log(`client with parser: ${bytes} bytes of ${CLIENT_BYTES_MAX}`);
  expect(bytes).toBeLessThanOrEqual(CLIENT_BYTES_MAX);
});

test('the version it tells the hub is the package’s', () => {
  expect(JSON.parse(readFileSync(path('package.json'), 'utf8')).version).toBe(VERSION);
});
