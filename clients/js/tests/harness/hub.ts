// The real binary, started on a free port, stopped by its pid; and what its books say.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { until } from './until.js';

const STARTS_WITHIN_MS = 15_000;
const STOPS_WITHIN_MS = 15_000;

export class Hub {
  url = '';
  #dataDir = '';
  #settings: Record<string, string> = {};
  #child: ChildProcess | null = null;
  #exited: Promise<number | null> = Promise.resolve(0);

  /** Settings by their environment names, for example `{ TIDINGS_STREAM_MAX_AGE_MS: '1500' }`; or in `tidings.toml`. */
  static async start(settings: Record<string, string> = {}, toml = ''): Promise<Hub> {
    const hub = new Hub();
    hub.#settings = settings;
    hub.#dataDir = await mkdtemp(join(tmpdir(), 'tidings-client-'));
    await writeFile(join(hub.#dataDir, 'tidings.toml'), toml);
    await hub.up('127.0.0.1:0').catch(async (error) => {
      await hub.#gone();
      throw error;
    });
    return hub;
  }

  /** A restart keeps the address and the data directory. */
  async up(listen = new URL(this.url).host): Promise<void> {
    const outer = Object.entries(process.env).filter(([name]) => !name.startsWith('TIDINGS_'));
    const env = { ...Object.fromEntries(outer), TIDINGS_DRAIN_WINDOW_MS: '100', ...this.#settings };
    const args = ['serve', '--dev', '--listen', listen, '--data-dir', this.#dataDir];
    const child = spawn(binary(), args, { env, cwd: this.#dataDir, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('exit', resolve));
    const said: string[] = [];
    const listening = new Promise<string>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          said.push(line);
          const found = /listening on (http:\/\/\S+)/.exec(line);
          if (found?.[1]) resolve(found[1]);
        });
      }
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the hub ended with ${code}:\n${said.join('\n')}`)));
    });
    this.url = await within(STARTS_WITHIN_MS, listening, 'the hub to listen');
  }

  /** SIGTERM, and a clean exit. */
  async down(): Promise<void> {
    expect(await this.#end('SIGTERM')).toBe(0);
  }

  async crash(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.#child;
    if (!child) return 0;
    this.#child = null;
    child.kill(signal);
    try {
      return await within(STOPS_WITHIN_MS, this.#exited, `the hub to end after ${signal}`);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** The books balance and nobody is left in them; then no process and no directory is left. */
  async stop(): Promise<void> {
    try {
      if (this.#child) {
        await this.settlesAt(0);
        await this.assertBooksBalance();
      }
      await this.down();
    } finally {
      await this.#gone();
    }
  }

  async #gone(): Promise<void> {
    await this.crash();
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  async publish(channel: string, data: unknown, type?: string): Promise<void> {
    const answer = await fetch(`${this.url}/api/sse/publish`, {
      method: 'POST',
      body: JSON.stringify({ channel, data, type }),
    });
    expect(answer.status, await answer.clone().text()).toBe(200);
  }

  async kick(id: string, reconnect: boolean): Promise<void> {
    const body = JSON.stringify({ reason: 'a test', reconnect });
    const answer = await fetch(`${this.url}/api/sse/connections/${id}`, { method: 'DELETE', body });
    expect(answer.status, await answer.clone().text()).toBe(200);
  }

  /** Gives all of the user's streams channels, and takes some from them. */
  async amend(user: string, add: string[], remove: string[]): Promise<void> {
    const body = JSON.stringify({ add, remove });
    const answer = await fetch(`${this.url}/api/sse/users/${user}/channels`, { method: 'PUT', body });
    expect(answer.status, await answer.clone().text()).toBe(200);
  }

  stats = async () => (await this.#get('/api/sse/stats')) as { connections: Books };
  connections = async () => ((await this.#get('/api/sse/connections')) as { connections: Row[] }).connections;

  async settlesAt(active: number): Promise<void> {
    const now = async () => (await this.stats()).connections.active;
    await until(
      async () => (await now()) === active,
      async () => `${await now()} live, not ${active}`,
    );
  }

  async assertBooksBalance(): Promise<void> {
    const { active, opened_total: opened, closed_total: closed } = (await this.stats()).connections;
    expect(active + Object.values(closed).reduce((sum, count) => sum + count, 0)).toBe(opened);
  }

  async #get(path: string): Promise<unknown> {
    const answer = await fetch(this.url + path);
    expect(answer.status).toBe(200);
    return answer.json();
  }
}

interface Books {
  active: number;
  opened_total: number;
  closed_total: Record<string, number>;
}

interface Row {
  id: string;
  client_id: string;
  channels: string[];
  lease: { seconds: number } | null;
  proof: { kind: string };
}

function binary(): string {
  if (process.env.TIDINGS_BIN) return process.env.TIDINGS_BIN;
  const built = ['release', 'debug'].map((at) =>
    fileURLToPath(new URL(`../../../../target/${at}/tidings`, import.meta.url)),
  );
  // The newer one: an old release build must not stand in for what was just built.
  const [found] = built.filter((path) => existsSync(path)).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (!found) throw new Error('no hub to test: run `cargo build -p tidings-server`, or name a binary in TIDINGS_BIN');
  return found;
}

function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
