// The pages that the tests open, and the client as an application's bundler leaves it: the built package, in one file.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const PAGES = new URL('../pages/', import.meta.url);
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript' };

let bundled = null;

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

async function script(name) {
  bundled ??= bundle();
  const text = (await bundled).get(name);
  if (text === undefined) throw new Error(`no script ${name}`);
  return text;
}

async function bundle() {
  const entries = ['client', 'others'];
  const { outputFiles } = await build({
    entryPoints: entries.map((name) => fileURLToPath(new URL(`${name}.js`, PAGES))),
    bundle: true,
    minify: true,
    format: 'esm',
    outdir: '/',
    write: false,
  }).catch((problem) => {
    throw new Error(`the pages don't build; is the client built (npm run build --workspace @tidings/client)?\n${problem}`);
  });
  return new Map(outputFiles.map(({ path, text }) => [/([a-z-]+)\.js$/.exec(path)[1], text]));
}
