// The programs beside this one, Redis and the hubs: started, started again when they die, stopped by their own ids.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const AGAIN_AFTER_MS = 500;
const STARTS_WITHIN_MS = 15_000;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Redis as a log needs it: it lets go of nothing by itself, and what it acknowledged is on the disk a second later. */
export async function startRedis({ dir, tell, keeps = true }) {
  await mkdir(dir, { recursive: true });
  const port = await freePort();
  const disk = keeps ? ['--appendonly', 'yes', '--appendfsync', 'everysec'] : ['--appendonly', 'no'];
  const fixed = ['--bind', '127.0.0.1', '--save', '', '--maxmemory-policy', 'noeviction', '--dir', dir];
  const redis = new Program({
    name: 'redis',
    command: 'redis-server',
    args: ['--port', String(port), ...fixed, ...disk],
    isUp: /Ready to accept connections/,
    tell,
  });
  redis.url = `redis://127.0.0.1:${port}`;
  await redis.up();
  return redis;
}

/** A hub on a free port, and on the same one after it died. */
export async function startHub({ name, dir, redis, keyFile, tell, env = {} }) {
  await mkdir(dir, { recursive: true });
  const listen = `127.0.0.1:${await freePort()}`;
  const given = {
    TIDINGS_ENGINE_URL: redis,
    TIDINGS_AUTH_KEY_FILE: keyFile,
    TIDINGS_CLUSTER_NODE: name,
    ...env,
  };
  const hub = new Program({
    name,
    command: findHub(),
    args: ['serve', '--listen', listen, '--data-dir', dir, '--config', here('tidings.toml')],
    env: { ...withoutBinary(process.env), ...given },
    isUp: /^listening on /,
    tell,
  });
  hub.url = `http://${listen}`;
  await hub.up();
  return hub;
}

export class Program {
  url = '';
  #given;
  #child = null;
  #again = null;
  #isWanted = false;

  constructor(given) {
    this.#given = given;
  }

  get pid() {
    return this.#child?.pid;
  }

  /** Resolves when it is up; rejects where it ends before. */
  async up() {
    const { name, command, args, env, isUp, tell } = this.#given;
    this.#isWanted = true;
    clearTimeout(this.#again);
    // A group of its own: Ctrl-C is for this process, which ends the others in their order.
    const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const late = setTimeout(() => child.kill('SIGKILL'), STARTS_WITHIN_MS);
    try {
      await new Promise((resolve, reject) => {
        child.once('error', () => reject(new Error(`${command} does not start: is it installed?`)));
        child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was up: see above`)));
        createInterface({ input: child.stdout }).on('line', (line) => isUp.test(line) && resolve());
      });
    } catch (problem) {
      this.#child = null;
      throw problem;
    } finally {
      clearTimeout(late);
    }
    tell(`${name}: ${this.url}, pid ${child.pid}`);
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return;
      tell(`${name} ended (${signal ?? code}); it starts again`);
      this.#comeBack();
    });
  }

  /** However often: a hub does not start while its Redis is away. */
  #comeBack() {
    if (!this.#isWanted) return;
    const up = () =>
      this.up().catch((problem) => {
        this.#given.tell(problem.message);
        this.#comeBack();
      });
    this.#again = setTimeout(up, AGAIN_AFTER_MS);
  }

  /** SIGTERM, in good order, or whatever else; and it stays ended. */
  async down(signal = 'SIGTERM') {
    this.#isWanted = false;
    clearTimeout(this.#again);
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

/** Every other `TIDINGS_…` is a setting of the hub; this one would be a mistake to it. */
function withoutBinary({ TIDINGS_BIN, ...env }) {
  return env;
}

function findHub() {
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
