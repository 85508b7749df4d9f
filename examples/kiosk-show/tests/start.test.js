// `npm start` as a reader runs it: both programs by one command, and none left after it.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assert, until } from './fixture.js';

const SOON_MS = 15_000;

test('one command starts both, brings the hub back after kill -9, and stops both', { timeout: 60_000 }, async () => {
  await started(async ({ url, hubPid, heard, signal }) => {
    assert.equal((await fetch(`${url}/display/lobby`)).status, 200);
    assert.equal(await slideHeldFor(url), 0);
    await fetch(`${url}/api/kiosk/displays/lobby`, { method: 'PUT', body: '{"slide": 2}' });
    const killed = hubPid();
    process.kill(killed, 'SIGKILL');
    await until(() => heard(/the hub ended \(SIGKILL\)/), SOON_MS);
    await until(() => hubPid() !== killed, SOON_MS);
    await until(
      async () => (await slideHeldFor(url)) === 2,
      SOON_MS,
      () => 'what is shown is published anew',
    );
    const second = hubPid();
    assert.deepEqual(await signal('SIGTERM'), { code: 0, signal: null });
    assert.throws(() => process.kill(second, 0), { code: 'ESRCH' }, 'the hub is gone, too');
  });
});

test('after an orderly stop everything is there again', { timeout: 60_000 }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'kiosk-start-'));
  await started(async ({ url, signal }) => {
    await fetch(`${url}/api/kiosk/displays/lobby`, { method: 'PUT', body: '{"slide": 3}' });
    assert.deepEqual(await signal('SIGINT'), { code: 0, signal: null });
  }, dataDir);
  await started(async ({ url, signal }) => {
    assert.equal(await slideHeldFor(url), 3);
    const { last_shutdown_cleanup_summary: summary } = (await (await fetch(`${url}/api/sse/stats`)).json()).cleanup;
    assert.equal(summary.connections_after, 0);
    await signal('SIGINT');
  }, dataDir);
  await rm(dataDir, { recursive: true });
});

test('without a hub it says what to do', { timeout: 30_000 }, async () => {
  const env = { ...process.env, TIDINGS_BIN: process.execPath, PORT: '0' };
  const child = spawn(process.execPath, ['start.js'], { cwd: here('..'), env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 1);
  assert.match(said, /the hub ended with \d+ before it listened/);
});

/** The index of the slide that a screen switched on now would show. */
async function slideHeldFor(url) {
  const answer = await fetch(`${url}/api/sse/history?channel=display:lobby`).catch(() => null);
  if (!answer?.ok) return null;
  return (await answer.json()).events.filter(({ type }) => type === 'slide').at(-1)?.data.index ?? null;
}

async function started(body, dataDir) {
  const own = dataDir ?? (await mkdtemp(join(tmpdir(), 'kiosk-start-')));
  const env = { ...process.env, PORT: '0', DATA_DIR: own, TIDINGS_DRAIN_WINDOW_MS: '100' };
  const child = spawn(process.execPath, ['start.js'], { cwd: here('..'), env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const said = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
  const heard = (words) => said.some((line) => words.test(line));
  const last = (words) => said.map((line) => words.exec(line)).findLast(Boolean)?.[1];
  const signal = (name) => {
    child.kill(name);
    return exited;
  };
  try {
    await until(
      () => heard(/the kiosk: /),
      SOON_MS,
      () => said.join('\n'),
    );
    await body({ url: last(/the kiosk: (\S+)/), hubPid: () => Number(last(/the hub: \S+ pid (\d+)/)), heard, signal });
  } finally {
    if (child.exitCode === null) await signal('SIGTERM');
    if (!dataDir) await rm(own, { recursive: true, force: true });
  }
}

function here(path) {
  return fileURLToPath(new URL(path, import.meta.url));
}
