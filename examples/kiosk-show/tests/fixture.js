// A hub of its own and a kiosk in front of it; when a test is over nobody is left and the books balance.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hubTest } from '../../../e2e/harness/fixture.js';
import { until } from '../../../e2e/harness/until.js';
import { startServer } from '../server.js';

const TIDINGS_CONFIG = fileURLToPath(new URL('../tidings.toml', import.meta.url));
/** For a machine that is busy with other things. */
export const SOON_MS = 5_000;

/** `body({ hub, kiosk, t })`. With `ghost`, http-proxy 1.18.1 stands in between. */
export function kioskTest(name, { ghost = false, ...settings }, body) {
  hubTest(name, { TIDINGS_CONFIG, ...settings }, async ({ hub, t }) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'kiosk-'));
    const kiosk = await Kiosk.start(hub, dataDir, ghost);
    try {
      await body({ hub, kiosk, t });
      // What the proxy swallows of a window that is closed as a whole is the lease's to find, and that takes its time.
      if (!ghost) await counts(hub, {});
    } finally {
      await kiosk.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
    if (!ghost) await hub.settlesAt(0);
  });
}

class Kiosk {
  static async start(hub, dataDir, ghost) {
    const kiosk = new Kiosk();
    kiosk.given = { hub: hub.url, dataDir, ghost };
    await kiosk.up(0);
    return kiosk;
  }

  async up(port = Number(new URL(this.url).port)) {
    const { url, stop } = await startServer({ ...this.given, port });
    Object.assign(this, { url, stop });
  }

  async ask(method, path, body) {
    const answer = await fetch(`${this.url}/api/kiosk/${path}`, { method, body: body && JSON.stringify(body) });
    return { status: answer.status, said: await answer.json() };
  }

  /** A display, with a slide on it. */
  async display(context, name = 'lobby') {
    const page = await context.newPage();
    await page.goto(`${this.url}/display/${name}`);
    await page.locator('.stage .slide').waitFor();
    return page;
  }

  async admin(context) {
    const page = await context.newPage();
    await page.goto(this.url);
    await page.locator('#light[data-status=connected]').waitFor();
    return page;
  }
}

/** Waits until the hub's books have so many of each type besides the kiosk's own, and no others. */
export async function counts(hub, expected, withinMs = SOON_MS) {
  const from = performance.now();
  const seen = async () => {
    const { server, ...types } = (await hub.stats()).connections.by_type;
    return JSON.stringify(Object.entries(types).filter(([, count]) => count > 0));
  };
  const wanted = JSON.stringify(Object.entries(expected));
  await until(
    async () => (await seen()) === wanted,
    withinMs,
    async () => `${await seen()}, not ${wanted}`,
  );
  return performance.now() - from;
}

/** Waits until the page's element says it. */
export async function says(page, selector, words) {
  await page.locator(selector, { hasText: words }).waitFor();
}

export const told = (t, what, figures) => t.diagnostic(JSON.stringify({ what, ...figures }));

export const round = (ms) => Math.round(ms);

export { assert, until };
