// Debian's Chromium under playwright-core: no download of its own, nothing spoken to but loopback.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const PATH = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';

export const TIMEOUT_MS = 60_000;

export function launch() {
  return chromium.launch({
    executablePath: PATH,
    args: FLAGS,
    // Real browsers have a back-forward cache, and what goes wrong there is a thing to test.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
}

/** A browser window of its own; `finish` closes it and fails on errors that pages threw or the policy stopped. */
export async function openWindow(browser, options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(TIMEOUT_MS);
  const wrong = [];
  context.on('weberror', (error) => wrong.push(String(error.error())));
  context.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) wrong.push(message.text());
  });
  return {
    context,
    async finish() {
      await context.close();
      assert.deepEqual(wrong, [], 'pages threw nothing and asked for nothing that the policy forbids');
    },
  };
}
