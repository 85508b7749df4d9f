// A process of ours: started, listening, and ended by its pid.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until } from '../../../../e2e/harness/until.js';

const LISTENING = /listening on (http:\/\/\S+)$/;
const STARTS_WITHIN_MS = 60_000;
const STOPS_WITHIN_MS = 20_000;

export class Process {
  url = null;
  /** What it logged, line by line, over all its lives. */
  said = [];
  #child = null;
  #exited;

  get pid() {
    return this.#child?.pid;
  }

  async up(binary, args, options) {
    const child = spawn(binary, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    child.once('error', (error) => this.said.push(`${error}: is ${binary} built?`));
    let url;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.said.push(line);
        url ??= LISTENING.exec(line)?.[1];
      });
    }
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

  /** Waits for a line of the log. */
  async says(line, withinMs = 30_000) {
    await until(
      () => this.said.some((said) => line.test(said)),
      withinMs,
      () => `no line ${line} in\n${this.said.slice(-40).join('\n')}`,
    );
  }

  async #signal(signal) {
    const child = this.#child;
    if (child === null) return { code: 0, signal: null };
    this.#child = null;
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
    return this.#exited.finally(() => clearTimeout(late));
  }
}
