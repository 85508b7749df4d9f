// The real binary, started on a free port, stopped by its pid; and what its books say.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until, within } from './until.js';

const LISTENING = /listening on (http:\/\/\S+)/;
const STARTS_WITHIN_MS = 15_000;
const STOPS_WITHIN_MS = 15_000;

export class Hub {
  url = null;
  #binary = binary();
  #env;
  #dataDir;
  #child = null;
  #exited = null;
  #said = [];
  /** The token that this harness shows; without one it is a hub in `--dev`. */
  #token = null;

  /** Settings by their environment names, for example `{ TIDINGS_STREAM_MAX_AGE_MS: 1500 }`. */
  static async start(settings = {}) {
    const hub = new Hub();
    hub.#env = { ...withoutSettings(process.env), TIDINGS_DRAIN_WINDOW_MS: '200', ...strings(settings) };
    hub.#dataDir = await mkdtemp(join(tmpdir(), 'tidings-e2e-'));
    await hub.up('127.0.0.1:0');
    return hub;
  }

  /** Without `--dev`, checking tokens; `toml` has the settings of its file. */
  static async guarded(settings = {}, toml = '') {
    const hub = new Hub();
    const key = 'a secret that nobody but these tests has, and long enough for any hash.';
    hub.#env = {
      ...withoutSettings(process.env),
      TIDINGS_DRAIN_WINDOW_MS: '200',
      TIDINGS_AUTH_KEY: key,
      ...strings(settings),
    };
    hub.#dataDir = await mkdtemp(join(tmpdir(), 'tidings-e2e-'));
    await writeFile(join(hub.#dataDir, 'tidings.toml'), toml);
    hub.#token = hub.verb(['token', '--user', 'harness', '--admin', '--expires-in', '1d']);
    await hub.up('127.0.0.1:0');
    return hub;
  }

  /** What one of the binary's verbs prints. */
  verb(args, input = '') {
    return execFileSync(this.#binary, args, { env: this.#env, cwd: this.#dataDir, input }).toString().trim();
  }

  /** Starts the process; a restart keeps the address and the data directory. */
  async up(listen = new URL(this.url).host) {
    const args = ['serve', ...(this.#token ? [] : ['--dev']), '--listen', listen, '--data-dir', this.#dataDir];
    // Its own directory, so that no `tidings.toml` of the place where the tests run is read.
    const child = spawn(this.#binary, args, { env: this.#env, cwd: this.#dataDir, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    const failed = new Promise((_, reject) => child.once('error', reject));
    const listening = new Promise((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          this.#said.push(line);
          const found = LISTENING.exec(line);
          if (found) resolve(found[1]);
        });
      }
    });
    const early = this.#exited.then(({ code }) => {
      throw new Error(`the hub ended with ${code} before it listened:\n${this.#said.join('\n')}`);
    });
    early.catch(() => {});
    this.url = await within(STARTS_WITHIN_MS, Promise.race([listening, early, failed]), 'the hub to listen');
  }

  /** SIGTERM, and a clean exit. */
  async down() {
    const ended = await this.#signal('SIGTERM');
    assert.deepEqual(ended, { code: 0, signal: null }, `a stop is clean:\n${this.#said.slice(-20).join('\n')}`);
  }

  async crash() {
    await this.#signal('SIGKILL');
  }

  async #signal(signal) {
    const child = this.#child;
    if (child === null) return { code: 0, signal: null };
    this.#child = null;
    child.kill(signal);
    try {
      return await within(STOPS_WITHIN_MS, this.#exited, `the hub to end after ${signal}`);
    } catch (problem) {
      child.kill('SIGKILL');
      throw problem;
    }
  }

  /** Whatever happened: no process and no directory is left. */
  async stop() {
    try {
      await this.down();
    } finally {
      await rm(this.#dataDir, { recursive: true, force: true });
    }
  }

  get pid() {
    return this.#child?.pid;
  }

  stats = () => this.#get('/api/sse/stats');
  connections = async () => (await this.#get('/api/sse/connections')).connections;
  active = async () => (await this.stats()).connections.active;
  closedTotal = async (reason) => (await this.stats()).connections.closed_total[reason] ?? 0;

  publish = (event) => this.post('/api/sse/publish', event);
  /** As it stands: with digits that JavaScript would lose. */
  publishText = (text) => this.#send('POST', '/api/sse/publish', text);
  kick = (id, order) => this.#send('DELETE', `/api/sse/connections/${id}`, JSON.stringify(order));
  post = (path, body, status) => this.#send('POST', path, JSON.stringify(body), status);
  put = (path, body) => this.#send('PUT', path, JSON.stringify(body));

  /** The binary's other verbs, asking this hub, from a shell: `"$BIN" tail jobs --url "$HUB"`. `said` grows line by line. */
  shell(script) {
    const env = { ...this.#env, BIN: this.#binary, HUB: this.url };
    // A group of its own, so that an end of it is an end of the whole pipe.
    const child = spawn('sh', ['-c', script], { env, cwd: this.#dataDir, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const said = [];
    createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
    const end = async () => {
      if (child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
      await exited;
    };
    return { said, end };
  }

  /** Waits until `count` connections are live, and tells how long that took. */
  async settlesAt(count, withinMs = 5_000) {
    const from = performance.now();
    await until(async () => (await this.active()) === count, withinMs, async () => `${await this.active()} live, not ${count}`);
    return performance.now() - from;
  }

  async assertBooksBalance() {
    const { active, opened_total: opened, closed_total: byReason } = (await this.stats()).connections;
    const closed = Object.values(byReason).reduce((sum, number) => sum + number, 0);
    assert.equal(opened, active + closed, `opened ${opened} = active ${active} + closed ${JSON.stringify(byReason)}`);
  }

  async #send(method, path, body, status = 200) {
    const headers = { 'Content-Type': 'application/json', ...this.#shown() };
    const answer = await fetch(this.url + path, { method, headers, body });
    assert.equal(answer.status, status, await answer.clone().text());
    return answer.json();
  }

  #shown() {
    return this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
  }

  async #get(path) {
    const answer = await fetch(this.url + path, { headers: this.#shown() });
    assert.equal(answer.status, 200, path);
    return answer.json();
  }
}

function binary() {
  if (process.env.TIDINGS_BIN) return process.env.TIDINGS_BIN;
  const built = ['release', 'debug'].map((profile) => fileURLToPath(new URL(`../../target/${profile}/tidings`, import.meta.url)));
  // The newer one: an old release build must not stand in for what was just built.
  const [found] = built.filter((path) => existsSync(path)).sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
  if (!found) throw new Error('no hub to test: run `cargo build -p tidings-server`, or name a binary in TIDINGS_BIN');
  return found;
}

function withoutSettings(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TIDINGS_')));
}

function strings(settings) {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));
}
