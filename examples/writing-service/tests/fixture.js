// Redis, hubs and a service of its own for each test; when it is over nobody is left, and the books of each hub balance.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, openWindow } from '../../../e2e/harness/browser.js';
import { until } from '../../../e2e/harness/until.js';
import { startCluster } from '../cluster.js';
import { startServer } from '../server.js';
import { channelOf, Tokens } from '../tokens.js';

/** For a machine that is busy with other things. */
export const SOON_MS = 15_000;
/** For a whole book, over whatever is done to the hubs meanwhile. */
export const BOOK_MS = 60_000;
const TEST_MS = 180_000;

const HAS_REDIS = spawnSync('redis-server', ['--version']).status === 0;

/** A test that starts a redis-server; skipped, visibly, where there is none. */
export const redisTest = (name, body) =>
  test(name, { timeout: TEST_MS, skip: !HAS_REDIS && 'redis-server is not there' }, body);

/** `body({ scene, t })`. `hubs`, `keeps` and `env` go to the cluster, the rest to the service. */
export function serviceTest(name, given, body) {
  redisTest(name, async (t) => {
    const scene = await Scene.start(given);
    try {
      await body({ scene, t });
      await scene.closeWindows();
      await scene.server.stop();
      for (const hub of scene.cluster.hubs) await settled(hub);
    } finally {
      await scene.stop();
    }
  });
}

/** One browser for the file, whose windows a scene opens. */
export function browserForFile() {
  before(async () => {
    if (HAS_REDIS) Scene.browser = await launch();
  });
  after(() => Scene.browser?.close());
}

class Scene {
  static browser;
  #windows = [];
  /** What each page said on its console about a refusal. */
  refusals = [];

  static async start({ hubs = 2, keeps = true, env = {}, ...service } = {}) {
    const scene = new Scene();
    scene.dataDir = await mkdtemp(join(tmpdir(), 'writing-'));
    const said = (line) => scene.said.push(line);
    const hubEnv = { TIDINGS_DRAIN_WINDOW_MS: '200', TIDINGS_LOG_LEVEL: 'warn', ...env };
    scene.said = [];
    scene.cluster = await startCluster({ dataDir: scene.dataDir, hubs, keeps, env: hubEnv, tell: said });
    const urls = scene.cluster.hubs.map(({ url }) => url);
    /** What the service was started with. */
    scene.given = { hubs: urls, key: scene.cluster.key, dataDir: scene.dataDir, paceMs: 100, ...service };
    scene.server = await startServer(scene.given).catch(async (problem) => {
      await scene.cluster.stop();
      throw problem;
    });
    return scene;
  }

  /** A browser of its own, in which somebody is the author: cookies and tabs are shared in it, and with no other. */
  async browser(author, options) {
    const window = await openWindow(Scene.browser, options);
    this.#windows.push(window);
    const answer = await window.context.request.post(`${this.server.url}/api/session`, { data: { author } });
    assert.equal(answer.status(), 200);
    return window.context;
  }

  /** A tab with the desk; `isLive: false` where it is not to wait for the stream. */
  async tab(context, { isLive = true } = {}) {
    const page = await context.newPage();
    page.on('console', (message) => /\b429\b/.test(message.text()) && this.refusals.push(message.text()));
    await page.goto(this.server.url);
    if (isLive) await page.locator('#light[data-status=connected]').waitFor();
    return page;
  }

  /** The hub that the page's stream is at. */
  async hubOf(page) {
    const node = await page.locator('#light').getAttribute('data-node');
    return this.cluster.hubs.find((_, at) => node === `hub-${at + 1}`) ?? assert.fail(`${node} is no hub`);
  }

  /** What the hubs still hold of an author's books. */
  async held(author, hub = this.cluster.hubs[0]) {
    const headers = { Authorization: `Bearer ${new Tokens(this.cluster.key).forAuthor(author)}` };
    const answer = await fetch(`${hub.url}/api/sse/history?channel=${channelOf(author)}&limit=1000`, { headers });
    return answer.ok ? (await answer.json()).events : [];
  }

  /** Waits until the hubs hold the book's end. */
  async untilDone({ id, author }, hub) {
    const isEnd = ({ type, data }) => type === 'progress' && data.id === id && data.phase === 'done';
    await until(
      async () => (await this.held(author, hub)).some(isEnd),
      BOOK_MS,
      () => `the book ${id} is not done`,
    );
  }

  async closeWindows() {
    for (const window of this.#windows.splice(0)) await window.finish();
  }

  async stop() {
    // Where the test failed these were not closed yet, and its own problem is the one to tell.
    for (const window of this.#windows) await window.finish().catch(() => {});
    await this.server.stop();
    await this.cluster.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** Orders a book at the desk, and answers its id. */
export async function order(page, title, chapters) {
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('Chapters').fill(String(chapters));
  await page.getByRole('button', { name: 'Have it written' }).click();
  return page.locator('.book', { hasText: title }).first().getAttribute('data-book');
}

export const bookIsDone = (page, id) =>
  page.locator(`.book[data-book="${id}"][data-phase=done]`).waitFor({ timeout: BOOK_MS });

/** The numbers of the chapters in the order in which the page was told of them. */
export const told = (page, id) =>
  page.locator(`#feed li[data-book="${id}"]`).evaluateAll((lines) => lines.map((line) => Number(line.dataset.number)));

export const upTo = (count) => Array.from({ length: count }, (_, at) => at + 1);

/** Streams that the hub refused because of a user's limit. */
export const refusedByLimit = (hub) => metric(hub, 'tidings_connections_refused_total{kind="limit"}');

/** One of the hub's metrics; where its labels are not named they are summed up. */
export async function metric(hub, name) {
  const text = await (await fetch(`${hub.url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  assert.ok(lines.length > 0, `there is no metric ${name}`);
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function settled(hub) {
  await until(
    async () => (await metric(hub, 'tidings_connections')) === 0,
    SOON_MS,
    async () => `${await metric(hub, 'tidings_connections')} are left at ${hub.url}`,
  );
  const [opened, closed] = [
    await metric(hub, 'tidings_connections_opened_total'),
    await metric(hub, 'tidings_connections_closed_total'),
  ];
  assert.equal(opened, closed, 'the books balance');
}

export { assert, until };
