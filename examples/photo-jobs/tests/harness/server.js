// The application's binary, as cargo built it, on a free port; stopped by its pid.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../../../../e2e/harness/until.js';

const LISTENING = /^listening on (http:\/\/\S+)$/;
const HERE = fileURLToPath(new URL('../..', import.meta.url));
const STARTS_WITHIN_MS = 20_000;
const STOPS_WITHIN_MS = 20_000;

/** As `npm run build` makes it; `npm test` does so before. */
const PAGE_DIR = join(HERE, 'out/page');

let found;
function binary() {
  const metadata = () => execFileSync('cargo', ['metadata', '--no-deps', '--format-version', '1'], { cwd: HERE });
  found ??= join(JSON.parse(metadata()).target_directory, 'debug/photo-jobs');
  return found;
}

export class Server {
  url = null;
  /** What it logged, line by line. */
  said = [];
  #dataDir;
  #env;
  #child = null;
  #exited;

  /** `env` is the application's own settings. */
  static async start(env = {}) {
    const server = new Server();
    server.#env = env;
    server.#dataDir = await mkdtemp(join(tmpdir(), 'photo-jobs-'));
    await server.up('127.0.0.1:0');
    return server;
  }

  /** A restart keeps the address and the data. */
  async up(listen = new URL(this.url).host) {
    const env = {
      ...process.env,
      RUST_LOG: 'info',
      NO_COLOR: '1',
      PHOTO_JOBS_LISTEN: listen,
      PHOTO_JOBS_DATA_DIR: this.#dataDir,
      PHOTO_JOBS_PAGE_DIR: PAGE_DIR,
      ...this.#env,
    };
    const child = spawn(binary(), { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    child.once('error', (error) => this.said.push(`${error}: run \`npm run binary -w photo-jobs\``));
    let url;
    createInterface({ input: child.stderr }).on('line', (line) => this.said.push(line));
    createInterface({ input: child.stdout }).on('line', (line) => {
      url ??= LISTENING.exec(line)?.[1];
    });
    await until(
      () => url,
      STARTS_WITHIN_MS,
      () => `it does not listen:\n${this.said.join('\n')}`,
    );
    this.url = url;
  }

  /** SIGTERM, and a clean exit. */
  async down() {
    const ended = await this.#signal('SIGTERM');
    assert.deepEqual(ended, { code: 0, signal: null }, `a stop is clean:\n${this.said.slice(-20).join('\n')}`);
  }

  async crash() {
    await this.#signal('SIGKILL');
  }

  async #signal(signal) {
    const child = this.#child;
    if (child === null) return { code: 0, signal: null };
    this.#child = null;
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
    return this.#exited.finally(() => clearTimeout(late));
  }

  /** Whatever happened: no process and no directory is left. */
  async stop() {
    try {
      await this.down();
    } finally {
      await rm(this.#dataDir, { recursive: true, force: true });
    }
  }

  get = async (path) => {
    const answer = await fetch(this.url + path);
    assert.equal(answer.status, 200, path);
    return answer.json();
  };
  stats = () => this.get('/api/sse/stats');
  connections = async () => (await this.get('/api/sse/connections')).connections;
  manifest = (folder) => this.get(`/api/folders/${folder}/manifest`);

  /** Waits until so many connections are live. */
  async settlesAt(count, withinMs = 10_000) {
    const active = async () => (await this.stats()).connections.active;
    await until(
      async () => (await active()) === count,
      withinMs,
      async () => `${await active()} live, not ${count}`,
    );
  }

  /** Nobody is left behind, nobody was refused, and every connection that was opened is accounted for. */
  async assertBooksAreClosed() {
    await this.settlesAt(0);
    const {
      active,
      opened_total: opened,
      closed_total: closed,
      refused_total: refused,
    } = (await this.stats()).connections;
    const sum = Object.values(closed).reduce((sum, number) => sum + number, 0);
    assert.equal(opened, active + sum, `opened ${opened} = active ${active} + closed ${JSON.stringify(closed)}`);
    assert.deepEqual(
      Object.entries(refused).filter(([, number]) => number > 0),
      [],
      'nobody was refused',
    );
  }
}
