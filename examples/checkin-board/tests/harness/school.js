// The application's binary, and in one of the two ways the hub's binary beside it, on free ports and with a directory of
// their own.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, sign } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../../../e2e/harness/until.js';
import { Process } from './process.js';

const HERE = fileURLToPath(new URL('../..', import.meta.url));

/** As `vite build` makes it; `npm test` does so before. */
const PAGE_DIR = join(HERE, 'out/page');

/** Of the accounts, and of the readers, that a new database begins with. */
export const PASSWORD = 'let me see';
export const ROOMS = { 'Art room': 1, Gym: 2, Library: 3, 'Music room': 4 };

/** The hub inside the application, and beside it. */
export const WAYS = ['embedded', 'beside'];

/** Numbers of the accounts. */
export const STAFF = { office: 1, ada: 2, ben: 3, cleo: 4 };
/** The students, by their tags. */
export const AMIR = { id: 1, tag: 'tag-01', name: 'Amir Haddad' };
export const BEA = { id: 2, tag: 'tag-02', name: 'Bea Lindqvist' };
export const CHIDI = { id: 3, tag: 'tag-03', name: 'Chidi Okafor' };

/** Of those that were built: the newest, or what `CHECKIN_BOARD_PROFILE` names. */
const PROFILES = process.env.CHECKIN_BOARD_PROFILE ? [process.env.CHECKIN_BOARD_PROFILE] : ['release', 'debug'];

let target;
function built(name) {
  const metadata = () => execFileSync('cargo', ['metadata', '--no-deps', '--format-version', '1'], { cwd: HERE });
  target ??= JSON.parse(metadata()).target_directory;
  const found = PROFILES.map((profile) => join(target, profile, name)).filter((path) => existsSync(path));
  return (
    found.sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)[0] ??
    join(target, PROFILES.at(-1), name)
  );
}

/**
 * What can be set of a school, whoever has the hub: `token_seconds`, `session_seconds`, `leeway_ms`, `heartbeat_ms`,
 * `history_count`, `attempts_max`.
 */
export class School {
  app = new Process();
  /** The hub's own process, where it runs beside. */
  hub = null;
  #settings;
  #logs;
  #dir;

  static async start(way, settings = {}, logs = 'debug') {
    const school = new School();
    school.#settings = settings;
    school.#logs = logs;
    school.#dir = await mkdtemp(join(tmpdir(), 'checkin-board-'));
    const at = `127.0.0.1:${await freePort()}`;
    if (way === 'beside') {
      school.hub = new Process();
      school.hub.url = `http://127.0.0.1:${await freePort()}`;
    }
    school.app.url = `http://${at}`;
    await school.appUp();
    if (school.hub) await school.hubUp();
    return school;
  }

  get url() {
    return this.app.url;
  }

  /** Where the stream is. */
  get hubUrl() {
    return (this.hub ?? this.app).url;
  }

  /** The process that the hub is in. */
  get hubProcess() {
    return this.hub ?? this.app;
  }

  appUp() {
    const own = Object.entries(this.#settings).map(([name, value]) => [
      `CHECKIN_BOARD_${name.toUpperCase()}`,
      `${value}`,
    ]);
    const env = {
      ...process.env,
      ...Object.fromEntries(own),
      RUST_LOG: `${this.#logs},hyper=warn,hyper_util=warn,h2=warn`,
      CHECKIN_BOARD_LISTEN: new URL(this.app.url).host,
      CHECKIN_BOARD_DATA_DIR: this.#dir,
      CHECKIN_BOARD_PAGE_DIR: PAGE_DIR,
      CHECKIN_BOARD_PASSWORD: PASSWORD,
    };
    const args = this.hub ? ['--hub', this.hub.url] : [];
    return this.app.up(built('checkin-board'), args, { env, cwd: this.#dir });
  }

  /** By the file of the README, with what differs here. */
  hubUp() {
    const { leeway_ms, heartbeat_ms, history_count } = this.#settings;
    const env = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TIDINGS_'))),
      TIDINGS_SERVER_LISTEN: new URL(this.hub.url).host,
      TIDINGS_SERVER_DATA_DIR: join(this.#dir, 'hub-beside'),
      TIDINGS_AUTH_JWKS_URL: `${this.app.url}/.well-known/jwks.json`,
      TIDINGS_CORS_ORIGINS: this.app.url,
      TIDINGS_LOG_LEVEL: this.#logs,
      TIDINGS_DRAIN_WINDOW_MS: '200',
      TIDINGS_LIMITS_CONNECTIONS_PER_IP: '0',
      ...(leeway_ms !== undefined && { TIDINGS_AUTH_LEEWAY_MS: `${leeway_ms}` }),
      ...(heartbeat_ms !== undefined && { TIDINGS_STREAM_HEARTBEAT_MS: `${heartbeat_ms}` }),
      ...(history_count !== undefined && { TIDINGS_HISTORY_COUNT: `${history_count}` }),
    };
    const binary = process.env.TIDINGS_BIN ?? built('tidings');
    return this.hub.up(binary, ['serve', '--config', join(HERE, 'tidings.toml')], { env, cwd: join(HERE, '../..') });
  }

  /** The hub's process comes back, whichever that is. */
  again = () => (this.hub ? this.hubUp() : this.appUp());

  /** Whatever happened: no process and no directory is left. */
  async stop() {
    try {
      await this.app.down();
      await this.hub?.down();
    } finally {
      await this.app.crash();
      await this.hub?.crash();
      await rm(this.#dir, { recursive: true, force: true });
    }
  }

  /** A student's tag at the reader of a room. */
  async scan(room, tag, what = 'checkin') {
    const key = `reader-${room.split(' ')[0].toLowerCase()}`;
    const headers = { Authorization: `Reader ${key}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${this.url}/api/reader/${what}`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ tag }),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
  }

  /** Somebody at work without a page: `as('ada').post('/api/groups', …)`. */
  async as(login) {
    const json = { 'Content-Type': 'application/json' };
    const credentials = JSON.stringify({ login, password: PASSWORD });
    const entered = await fetch(`${this.url}/api/session`, { method: 'POST', headers: json, body: credentials });
    assert.equal(entered.status, 204, await entered.text());
    const headers = { ...json, Cookie: entered.headers.get('Set-Cookie').split(';')[0] };
    const send = async (method, path, body) => {
      const answer = await fetch(this.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
      return answer.status === 204 ? null : answer.json();
    };
    return {
      start: async (room, activity = 'Free play') =>
        (await send('POST', '/api/groups', { room_id: ROOMS[room], activity })).active_group_id,
      end: (group) => send('DELETE', `/api/groups/${group}`),
      add: (group, staff) => send('PUT', `/api/groups/${group}/supervisors/${staff}`),
      remove: (group, staff) => send('DELETE', `/api/groups/${group}/supervisors/${staff}`),
      checkIn: (group, student) => send('PUT', `/api/groups/${group}/visits/${student}`),
      checkOut: (group, student) => send('DELETE', `/api/groups/${group}/visits/${student}`),
      lock: (staff) => send('PUT', `/api/staff/${staff}/lock`),
      unlock: (staff) => send('DELETE', `/api/staff/${staff}/lock`),
      signOut: () => send('DELETE', '/api/session'),
      token: async () => (await send('POST', '/api/token')).token,
      board: () => send('GET', '/api/board'),
    };
  }

  /** A token with whatever rights, made with the application's own key. */
  async mint(sub, tidings) {
    const { keys } = await (await fetch(`${this.url}/.well-known/jwks.json`)).json();
    const key = createPrivateKey(await readFile(join(this.#dir, 'signing-key.pem')));
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const exp = Math.floor(Date.now() / 1000) + 60;
    const claims = { iss: 'checkin-board', aud: 'checkin-board-hub', sub, exp, tidings };
    const text = `${part({ alg: 'ES256', typ: 'JWT', kid: keys[0].kid })}.${part(claims)}`;
    return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }

  /** Asks the hub as an operator. */
  async operate(path, method = 'GET', body) {
    const headers = {
      Authorization: `Bearer ${await this.mint('operator', { admin: true, publish: ['*'] })}`,
      'Content-Type': 'application/json',
    };
    return fetch(`${this.hubUrl}/api/sse/${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  }

  /** What the hub answers to who asks for a stream with this token. */
  async admits(token) {
    const hangUp = new AbortController();
    const headers = { Authorization: `Bearer ${token}` };
    const { status } = await fetch(`${this.hubUrl}/api/sse/stream`, { headers, signal: hangUp.signal });
    hangUp.abort();
    return status;
  }

  stats = async () => (await this.operate('stats')).json();
  connections = async () => (await (await this.operate('connections')).json()).connections;

  /** Waits until so many connections are live. */
  async settlesAt(count, withinMs = 30_000) {
    const active = async () => (await this.stats()).connections.active;
    await until(
      async () => (await active()) === count,
      withinMs,
      async () => `${await active()} live, not ${count}: ${JSON.stringify(await this.connections())}`,
    );
  }

  /** Nobody is left behind, and every connection that was opened is accounted for. */
  async assertBooksAreClosed() {
    await this.settlesAt(0);
    const { active, opened_total: opened, closed_total: closed } = (await this.stats()).connections;
    const sum = Object.values(closed).reduce((sum, number) => sum + number, 0);
    assert.equal(opened, active + sum, `opened ${opened} = active ${active} + closed ${JSON.stringify(closed)}`);
  }
}

async function freePort() {
  const socket = createServer();
  await new Promise((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}
