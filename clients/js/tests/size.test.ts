// What a page pays, as a bundler leaves it: minified and gzipped.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';
import { expect, test } from 'vitest';
import { VERSION } from '../src/version.js';

const CLIENT_BYTES_MAX = 6_656;
/** On top of the client. */
const SHARE_BYTES_MAX = 2_304;
const EVENT_SOURCE_TRANSPORT_BYTES_MAX = 640;
/** Without the parser, which a page has once. */
const FACADE_BYTES_MAX = 1_024;

const path = (of: string) => fileURLToPath(new URL(`../${of}`, import.meta.url));

const withoutParser: Plugin = {
  name: 'without the parser',
  setup: ({ onResolve }) => onResolve({ filter: /\/parse\.js$/ }, () => ({ path: './parse.js', external: true })),
};

async function gzipped(contents: string, plugins: Plugin[] = []): Promise<number> {
  const stdin = { contents, resolveDir: path('src') };
  const shape = { bundle: true, minify: true, format: 'esm', target: 'es2022', write: false } as const;
  const built = await build({ stdin, plugins, ...shape });
  return gzipSync(built.outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

function within(name: string, bytes: number, most: number): void {
  console.log(`${name}: ${bytes} bytes of ${most}`);
  expect(bytes).toBeLessThanOrEqual(most);
}

const CLIENT = "export { createClient } from './index.js';";

test('the client with its parser', async () => within('client', await gzipped(CLIENT), CLIENT_BYTES_MAX));

test.each([
  ['sharing', "export { shareTabs } from './share.js';", SHARE_BYTES_MAX],
  ['the other transport', "export { byEventSource } from './index.js';", EVENT_SOURCE_TRANSPORT_BYTES_MAX],
])('%s, on top of the client', async (name, part, most) => {
  within(name, (await gzipped(CLIENT + part)) - (await gzipped(CLIENT)), most);
});

test('the facade, without the parser', async () => {
  within('facade', await gzipped("export { EventSource } from './eventsource.js';", [withoutParser]), FACADE_BYTES_MAX);
});

test('the version it tells the hub is the package’s', () => {
  expect(JSON.parse(readFileSync(path('package.json'), 'utf8')).version).toBe(VERSION);
});
