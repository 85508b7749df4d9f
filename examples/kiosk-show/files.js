// The pages, and the client library as it was built: ES modules by an import map, no bundler.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};
const MODULES = ['@tidings/client'];

/** Reads all that may be served, once: a path that is not among it is not there. */
export async function openFiles() {
  const found = new Map();
  await readAll(fileURLToPath(new URL('pages', import.meta.url)), '/pages', found);
  for (const name of MODULES) await readAll(dirname(built(name)), `/modules/${name}`, found);
  const policy = policyFor(found.get('/pages/admin.html'), found.get('/pages/display.html'));

  return (path, response) => {
    const body = found.get(page(path));
    if (body === undefined)
      return response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is nothing here.\n');
    const type = TYPES[extname(page(path))];
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-cache', 'Content-Security-Policy': policy });
    response.end(body);
  };
}

function page(path) {
  if (path === '/') return '/pages/admin.html';
  return /^\/display\/[^/]+$/.test(path) ? '/pages/display.html' : path;
}

function built(name) {
  try {
    return fileURLToPath(import.meta.resolve(name));
  } catch {
    throw new Error(`${name} is not there: run \`npm ci\` at the root`);
  }
}

async function readAll(folder, under, found) {
  const names = await readdir(folder).catch(() => {
    throw new Error(`${folder} is not there: run \`npm run build --workspace @tidings/client\` at the root`);
  });
  for (const name of names.filter((name) => extname(name) in TYPES)) {
    found.set(`${under}/${name}`, await readFile(join(folder, name)));
  }
}

/** No script but our own files, and the import maps that stand in the pages. */
function policyFor(...pages) {
  const maps = pages.flatMap((html) => [...html.toString().matchAll(/<script type="importmap">([\s\S]*?)<\/script>/g)]);
  const hashes = maps.map(([, text]) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  return `default-src 'self'; script-src 'self' ${[...new Set(hashes)].join(' ')}; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'`;
}
