// The hub as a process beside this one: found, started, started again when it dies, stopped.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const AGAIN_AFTER_MS = 500;
const STARTS_WITHIN_MS = 15_000;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Starts a hub on a free port, and again on the same one whenever it ends without being told to. */
export async function startHub({ dataDir, tell }) {
  const binary = findBinary();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await mkdir(dataDir, { recursive: true });
  const args = [
    'serve',
    '--dev',
    '--listen',
    `127.0.0.1:${port}`,
    '--data-dir',
    dataDir,
    '--config',
    here('tidings.toml'),
  ];
  let child;
  let again;
  let listened = false;
  let stopping = false;

  const start = () => {
    child = spawn(binary, args, { env: withoutBinary(process.env), stdio: ['ignore', 'pipe', 'inherit'] });
    child.once('exit', (code, signal) => {
      if (stopping || !listened) return;
      tell(`the hub ended (${signal ?? code}); it starts again`);
      again = setTimeout(() => start().catch((error) => tell(error.message)), AGAIN_AFTER_MS);
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the hub ended with ${code} before it listened: see above`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (!line.startsWith('listening on ')) return;
        listened = true;
        tell(`the hub: ${url}, pid ${child.pid}`);
        resolve();
      });
    });
  };
  const stop = async () => {
    stopping = true;
    clearTimeout(again);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // It drains: displays are told to come back, and what it held is kept for the next start.
    child.kill('SIGTERM');
    await ended;
  };

  const late = setTimeout(() => child.kill('SIGKILL'), STARTS_WITHIN_MS);
  await start().finally(() => clearTimeout(late));
  return { url, stop, pid: () => child.pid };
}

/** Every other `TIDINGS_…` is a setting of the hub; this one would be a mistake to it. */
function withoutBinary({ TIDINGS_BIN, ...env }) {
  return env;
}

function findBinary() {
  const found = [process.env.TIDINGS_BIN, here('../../target/release/tidings')].find(
    (path) => path && existsSync(path),
  );
  if (!found) throw new Error('no hub: run `cargo build --release -p tidings-server`, or name a binary in TIDINGS_BIN');
  return found;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
