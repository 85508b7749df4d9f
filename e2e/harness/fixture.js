// What every test stands on: a hub of its own, and books that balance when it is over.

import { after, before, test } from 'node:test';
import { launch, openWindow } from './browser.js';
import { ghostProxy } from './ghost-proxy.js';
import { Hub } from './hub.js';

/** `body({ hub, t })`; `settings` go to the hub's environment. */
export function hubTest(name, settings, body) {
  test(name, { timeout: 120_000 }, async (t) => {
    const hub = await Hub.start(settings);
    try {
      await body({ hub, t });
      await hub.assertBooksBalance();
    } finally {
      await hub.stop();
    }
  });
}

/** As `hubTest`, with `proxy`: the hub behind a proxy that swallows goodbyes. */
export function proxyTest(name, settings, body) {
  hubTest(name, settings, async ({ hub, t }) => {
    const proxy = await ghostProxy(hub.url);
    try {
      await body({ hub, proxy, t });
    } finally {
      await proxy.stop();
    }
  });
}

/** One browser for the file; `windowed(body)` gives each test a window of its own, closed before the books are read. */
export function browserForFile() {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());
  return (body, options) => async (given) => {
    const { context, finish } = await openWindow(browser, options);
    let passed = false;
    try {
      await body({ ...given, context });
      passed = true;
    } finally {
      await finish().catch((problem) => {
        if (passed) throw problem;
      });
    }
  };
}
