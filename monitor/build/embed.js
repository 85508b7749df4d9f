// Builds the page and puts it where the binary embeds it; with `--check` it compares instead, and says what differs.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { build } from 'vite';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const TARGET = fileURLToPath(new URL('../../crates/tidings-server/src/pages/monitor/', import.meta.url));

const files = await built();
if (process.argv.includes('--check')) await check(files);
else await write(files);

/** The files by their names on the disk: without a hash, so that a change of one is a diff of one. */
async function built() {
  const { output } = await build({ root: HERE, logLevel: 'warn', build: { write: false } });
  const made = new Map(output.map(({ fileName, code, source }) => [fileName, Buffer.from(code ?? source)]));
  const script = only(made, '.js');
  const style = only(made, '.css');
  const index = made.get('index.html');
  return new Map([
    ['index.html', index],
    ['app.js', made.get(script)],
    ['app.js.gz', gzipSync(made.get(script), { level: 9 })],
    ['app.css', made.get(style)],
    ['app.css.gz', gzipSync(made.get(style), { level: 9 })],
    ['names.rs', Buffer.from(names({ script, style, index }))],
  ]);
}

function only(made, extension) {
  const found = [...made.keys()].filter((name) => name.endsWith(extension));
  if (found.length !== 1) throw new Error(`one ${extension} was expected: ${found}`);
  return found[0];
}

function names({ script, style, index }) {
  const etag = createHash('sha256').update(index).digest('hex').slice(0, 16);
  return [
    '// Written by the build of monitor/: `npm run build -w tidings-monitor`.',
    '',
    `pub(super) const SCRIPT_PATH: &str = "/admin/${script}";`,
    `pub(super) const STYLE_PATH: &str = "/admin/${style}";`,
    `pub(super) const INDEX_ETAG: &str = "\\"${etag}\\"";`,
    '',
  ].join('\n');
}

async function write(made) {
  await rm(TARGET, { recursive: true, force: true });
  await mkdir(TARGET, { recursive: true });
  for (const [name, bytes] of made) await writeFile(TARGET + name, bytes);
  console.log(sizes(made));
}

async function check(made) {
  const committed = new Map(
    await Promise.all((await readdir(TARGET)).map(async (name) => [name, await readFile(TARGET + name)])),
  );
  const differ = [...new Set([...made.keys(), ...committed.keys()])].filter(
    (name) => !same(name, made.get(name), committed.get(name)),
  );
  if (differ.length > 0) {
    console.error(
      `not what monitor/ builds: ${differ.join(', ')}. Run \`npm run build -w tidings-monitor\`, and commit.`,
    );
    process.exit(1);
  }
  console.log(`the embedded monitor is what monitor/ builds: ${sizes(made)}`);
}

/** How gzip packs differs from one zlib to the next; what it holds does not. */
function same(name, one, other) {
  if (!one || !other) return false;
  return name.endsWith('.gz') ? gunzipSync(one).equals(gunzipSync(other)) : one.equals(other);
}

function sizes(made) {
  const packed = ['index.html', 'app.js.gz', 'app.css.gz'].map((name) => made.get(name).length);
  return `${packed.reduce((sum, bytes) => sum + bytes, 0)} bytes over the wire (${packed.join(' + ')})`;
}
