// A program of this machine in front of the hub: started on a free port, stopped by its pid.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.js';

const SNIPPETS = new URL('../../docs/snippets/', import.meta.url);
const STARTS_WITHIN_MS = 15_000;
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

/** `configure({ dir, port })` writes what it needs and answers its command line; it listens on that port of loopback. */
export async function program(configure) {
  const dir = await mkdtemp(join(tmpdir(), 'tidings-hop-'));
  const port = await freePort();
  const [command, ...args] = await configure({ dir, port });
  const said = [];
  const child = spawn(command, args, { cwd: dir, env: { ...process.env, PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => said.push(String(text)));
  const exited = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', (problem) => resolve(said.push(String(problem))));
  });
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    await rm(dir, { recursive: true, force: true });
  };
  const answers = () => fetch(`${url}/health`).then(({ status }) => status === 200, () => false);
  await until(answers, STARTS_WITHIN_MS, () => `${command} does not answer:\n${said.join('')}`).catch(async (problem) => {
    await stop();
    throw problem;
  });
  return { url, stop };
}

/** A file of docs/snippets with each `[what, with]` replaced; what isn't there is an error, so that the file is proven. */
export async function snippet(name, replacements) {
  let text = await readFile(new URL(name, SNIPPETS), 'utf8');
  for (const [what, by] of replacements) {
    assert.ok(text.includes(what), `docs/snippets/${name} has no \`${what}\` any more`);
    text = text.replace(what, by);
  }
  return text;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
