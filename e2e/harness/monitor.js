// The monitor as a person uses it.

import assert from 'node:assert/strict';
import { TIMEOUT_MS } from './browser.js';
import { until } from './until.js';

/** Opens it, and waits until it counts itself and nobody else. */
export async function openMonitor({ hub, context, base = hub.url }, hash = '') {
  const page = await context.newPage();
  await page.goto(`${base}/admin/monitoring${hash}`);
  await page.locator('.light[data-state=connected]').waitFor();
  return page;
}

export async function tellsOne(page) {
  await tells(page, /^1, this monitor$/);
  await page.locator('#balance[data-holds=true]').waitFor();
}

/** Waits until the headline has these words, or matches. */
export async function tells(page, words) {
  await page.locator('#count', { hasText: words }).waitFor();
}

/** The rows' first cells, as they are read, from above. */
export function names(page) {
  return page.locator('main tbody tr td:first-child .opener').allInnerTexts();
}

export function row(page, name) {
  return page.locator('main tbody tr', { hasText: name });
}

/** Waits until what has the focus reads so, or matches: a page draws a moment after it was acted upon. */
export async function focusIsOn(page, words) {
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  const reads = (text) => (typeof words === 'string' ? text === words : words.test(text));
  await until(async () => reads(await focused()), TIMEOUT_MS, async () => `the focus is on ${await focused()}, not on ${words}`);
}

/** Streams that are open until `leave()`, each read to keep it alive. */
export function crowd(hub) {
  const all = new Map();
  return {
    async come(query, name = query) {
      const abort = new AbortController();
      const answer = await fetch(`${hub.url}/api/sse/stream?${query}`, { signal: abort.signal });
      assert.equal(answer.status, 200, query);
      const heard = [];
      const ended = read(answer, heard);
      all.set(name, { abort, heard, ended });
    },
    async leave(name) {
      const names = name === undefined ? [...all.keys()] : [name];
      for (const one of names) {
        all.get(one).abort.abort();
        await all.get(one).ended;
        all.delete(one);
      }
    },
    /** All that its stream said, once it was ended. */
    async said(name) {
      await all.get(name).ended;
      return all.get(name).heard.join('');
    },
  };
}

async function read(answer, heard) {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of answer.body) heard.push(decoder.decode(chunk, { stream: true }));
  } catch {
    // Left, or cut: what it heard until then counts.
  }
}
