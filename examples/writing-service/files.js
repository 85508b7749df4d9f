// The page, and the client library as it was built: ES modules by an import map, no bundler.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};
const HOME = '/pages/index.html';

/** Reads all that may be served, once: a path that is not among it is not there. */
export async function openFiles() {
  const found = new Map();
  await readAll(fileURLToPath(new URL('pages', import.meta.url)), '/pages', found);
  const client = dirname(fileURLToPath(import.meta.resolve('@tidings/client')));
  await readAll(client, '/modules/@tidings/client', found);
  const policy = policyFor(found.get(HOME).toString());

  return (pathname, response) => {
    const path = pathname === '/' ? HOME : pathname;
    const body = found.get(path);
    if (body === undefined) {
      return response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is nothing here.\n');
    }
    const type = TYPES[extname(path)];
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-cache', 'Content-Security-Policy': policy });
    response.end(body);
  };
}

async function readAll(folder, under, found) {
  const names = await readdir(folder).catch(() => {
    throw new Error(`${folder} is not there: run \`npm run build --workspace @tidings/client\` at the root`);
  });
  for (const name of names.filter((name) => extname(name) in TYPES)) {
    found.set(`${under}/${name}`, await readFile(join(folder, name)));
  }
}

/** No script but our own files, and the import map that stands in the page. */
function policyFor(html) {
  const [, map] = /<script type="importmap">([\s\S]*?)<\/script>/.exec(html);
  const hash = createHash('sha256').update(map).digest('base64');
  return `default-src 'self'; script-src 'self' 'sha256-${hash}'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'`;
}
