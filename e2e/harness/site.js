// The pages that the tests open, and the client as an application's bundler leaves it: the built package, in one file.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const PAGES = new URL('../pages/', import.meta.url);
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript' };

const bundled = new Map();

/** Answers `/pages/…` and says so; any other address is somebody else's. */
export function answerPage(request, response) {
  const found = /^\/pages\/([a-z-]+)\.(html|js)(?:\?|$)/.exec(request.url);
  if (!found) return false;
  const [, name, kind] = found;
  const body = kind === 'html' ? readFile(new URL(`${name}.html`, PAGES)) : script(name);
  body.then(
    (text) => response.writeHead(200, { 'Content-Type': TYPES[kind] }).end(text),
    (problem) => response.writeHead(404).end(String(problem)),
  );
  return true;
}

/** An origin of the pages' own, beside the hub's. */
export async function startSite() {
  const server = createServer((request, response) => {
    if (!answerPage(request, response)) response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function script(name) {
  if (!bundled.has(name)) bundled.set(name, bundle(name));
  return bundled.get(name);
}

async function bundle(name) {
  const entryPoints = [fileURLToPath(new URL(`${name}.js`, PAGES))];
  const { outputFiles } = await build({ entryPoints, bundle: true, minify: true, format: 'esm', write: false }).catch((problem) => {
    throw new Error(`${name}.js does not build; is the client built (npm run build --workspace @tidings/client)?\n${problem}`);
  });
  return outputFiles[0].text;
}
