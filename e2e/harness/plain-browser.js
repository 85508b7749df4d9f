// Chromium as a person has it: Playwright's own launch keeps pages focused and timers running, so that nothing there is
// ever hidden or frozen. This one is started by hand, and spoken to without those overrides.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { FLAGS, PATH, TIMEOUT_MS } from './browser.js';

const STARTS_WITHIN_MS = 30_000;

export async function launchPlain() {
  const profile = await mkdtemp(join(tmpdir(), 'tidings-chromium-'));
  const args = [...FLAGS, '--headless=new', `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'];
  const child = spawn(PATH, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const browser = await chromium.connectOverCDP(await endpoint(child), { noDefaults: true });
  const [context] = browser.contexts();
  context.setDefaultTimeout(TIMEOUT_MS);
  const wrong = [];
  context.on('weberror', (error) => wrong.push(String(error.error())));
  return {
    context,
    /** The first tab, which keeps the browser open when the others are closed. */
    idle: context.pages()[0],
    /** As its own menu does: no page is asked, no page is told. */
    async quit() {
      const session = await browser.newBrowserCDPSession();
      await session.send('Browser.close').catch(() => {});
      await exited;
    },
    /** SIGKILL, to it and to its children, which notice. */
    async crash() {
      child.kill('SIGKILL');
      await exited;
    },
    async finish() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await exited;
      }
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
      assert.deepEqual(wrong, [], 'pages threw nothing');
    },
  };
}

/** What the browser itself does to a page that nobody looks at: its timers, tasks and sockets stand still. */
export async function freeze(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  return () => session.send('Page.setWebLifecycleState', { state: 'active' });
}

async function endpoint(child) {
  let said = '';
  return new Promise((resolve, reject) => {
    const no = (why) => reject(new Error(`the browser ${why}:\n${said}`));
    const late = setTimeout(() => no(`said no address within ${STARTS_WITHIN_MS} ms`), STARTS_WITHIN_MS);
    child.once('error', (problem) => no(`did not start (${problem.message})`));
    child.once('exit', (code) => no(`ended with ${code}`));
    child.stderr.on('data', (text) => {
      said += text;
      const found = /DevTools listening on (ws:\S+)/.exec(said);
      if (!found) return;
      clearTimeout(late);
      resolve(found[1]);
    });
  });
}
