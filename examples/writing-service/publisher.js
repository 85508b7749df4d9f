// Tells the hubs, in the order of the calls, and doesn't stop before it is told. Any hub will do: where one is away, or
// does not answer in time, the same events go to the next with the same ids, and are there once.

import { setTimeout as pause } from 'node:timers/promises';

const ANSWERS_WITHIN_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const PAUSE_MS_MAX = 2_000;
const PASSING = [408, 429];

export class Publisher {
  #hubs;
  #at = 0;
  #last = Promise.resolve();
  #ended = new AbortController();

  constructor({ hubs }) {
    this.#hubs = hubs;
  }

  /** Resolves when they, and all before them, are told. Rejects where a hub refuses them for good. */
  publish(events, token) {
    const told = this.#last.then(() => this.#tell(events, token));
    this.#last = told.catch(() => {});
    return told;
  }

  /** Resolves when nothing waits. */
  get idle() {
    return this.#last;
  }

  /** What waits is not told any more. */
  stop() {
    this.#ended.abort();
  }

  async #tell(events, token) {
    const { signal } = this.#ended;
    let pauseMs = FIRST_PAUSE_MS;
    for (let tries = 1; !signal.aborted; tries += 1) {
      if (await this.#taken(events, token)) return;
      this.#at = (this.#at + 1) % this.#hubs.length;
      if (tries % this.#hubs.length !== 0) continue;
      await pause(pauseMs, null, { signal }).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
    }
  }

  /** Whether all of them are in the log. Where not, or where nobody knows, they may be sent again. */
  async #taken(events, token) {
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(ANSWERS_WITHIN_MS)]);
    const request = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify(events),
      signal,
    };
    let answers;
    try {
      const response = await fetch(`${this.#hubs[this.#at]}/api/sse/publish`, request);
      const said = await response.json();
      // A list is no transaction: each event has a result of its own, or a problem.
      answers = Array.isArray(said) ? said : [said];
    } catch {
      return false;
    }
    const problems = answers.filter(({ status }) => status !== undefined);
    const final = problems.find(({ status }) => status < 500 && !PASSING.includes(status));
    if (final) throw new Error(`the hub refused: ${final.status} ${final.detail}`);
    return problems.length === 0;
  }
}
