// What a page pays for the hooks besides React and the client, as a bundler leaves it.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const HOOKS_BYTES_MAX = 1_024;
const ALL_HOOKS_BYTES_MAX = 1_664;
const QUERY_BYTES_MAX = 1_280;

const path = (of: string) => fileURLToPath(new URL(`../${of}`, import.meta.url));

test.each([
  [
    'provider, channel and status',
    "export { TidingsProvider, useTidings, useChannel, useConnectionStatus } from './src/index.ts'",
    HOOKS_BYTES_MAX,
  ],
  ['all hooks', "export * from './src/index.ts'", ALL_HOOKS_BYTES_MAX],
  ['queries', "export * from './src/query.ts'", QUERY_BYTES_MAX],
])('%s: the budget, minified and gzipped', async (name, contents, most) => {
  const built = await build({
    stdin: { contents, resolveDir: path('.') },
    external: ['react', '@tidings/client', '@tanstack/react-query'],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    // That a bundle has no use for 'use client' is known.
    logLevel: 'error',
  });
  const bytes = gzipSync(built.outputFiles[0]?.contents ?? '', { level: 9 }).length;
  console.log(`${name}: ${bytes} bytes of ${most}`);
  expect(bytes).toBeLessThanOrEqual(most);
});

test('it is made for the client of its own version', () => {
  const { version, dependencies } = JSON.parse(readFileSync(path('package.json'), 'utf8'));
  expect(dependencies['@tidings/client']).toBe(version);
});
