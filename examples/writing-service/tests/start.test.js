// `npm start` as a reader runs it: all programs by one command, and none left after it.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assert, redisTest, SOON_MS, until } from './fixture.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAMS = ['redis', 'hub-1', 'hub-2'];

redisTest('one command starts all, brings back what was killed, and stops all', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'writing-start-'));
  const child = start({ PORT: '0', DATA_DIR: dataDir, TIDINGS_DRAIN_WINDOW_MS: '100' });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const said = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
  const last = (words) => said.map((line) => words.exec(line)).findLast(Boolean)?.[1];
  const pid = (name) => Number(last(new RegExp(`^${name}: \\S+ pid (\\d+)`)));
  try {
    await until(
      () => last(/the writing service: (\S+)/),
      SOON_MS,
      () => said.join('\n'),
    );
    const url = last(/the writing service: (\S+)/);
    assert.equal((await fetch(url)).status, 200);
    for (const name of PROGRAMS) {
      const killed = pid(name);
      process.kill(killed, 'SIGKILL');
      await until(
        () => pid(name) !== killed,
        SOON_MS,
        () => `${name} does not come back:\n${said.join('\n')}`,
      );
    }
    const together = PROGRAMS.map(pid);
    for (const one of together) process.kill(one, 'SIGKILL');
    const areBack = () => PROGRAMS.every((name) => !together.includes(pid(name)));
    await until(areBack, SOON_MS, () => `they do not come back from being killed at once:\n${said.join('\n')}`);
    const pids = PROGRAMS.map(pid);
    child.kill('SIGTERM');
    assert.deepEqual(await exited, { code: 0, signal: null });
    for (const one of pids) assert.throws(() => process.kill(one, 0), { code: 'ESRCH' }, `${one} is gone, too`);
  } finally {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await exited;
    }
    await rm(dataDir, { recursive: true, force: true });
  }
});

test('without redis-server it says what is missing', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'writing-start-'));
  const child = start({ PORT: '0', DATA_DIR: dataDir, PATH: dataDir });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 1);
  assert.match(said, /redis-server does not start: is it installed\?/);
  await rm(dataDir, { recursive: true });
});

function start(env) {
  return spawn(process.execPath, ['start.js'], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
