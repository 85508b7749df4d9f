// usePresence in a real browser, of the real hub: who is there is the hub's word, and so is who came and left.

import type { BrowserContext, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { Hub } from '../../js/tests/harness/hub.js';
import { launch, NO_BROWSER } from '../../js/tests/harness/pages.js';
import { until } from '../../js/tests/harness/until.js';
import { DevServer } from './harness/dev.js';

const RULES = `
[[channel]]
match = "room"
presence = true
`;

/** In `--dev` a user is whom the stream's query names. */
const MAIN = `
  import { StrictMode } from 'react';
  import { createRoot } from 'react-dom/client';
  import { TidingsProvider, usePresence } from '@tidings/react';

  const as = (input) => (input.includes('/stream?') ? input + '&user=' + location.hash.slice(1) : input);
  const options = { url: '', platform: { fetch: (input, init) => fetch(as(String(input)), init) } };

  function Who() {
    const { users, ready, error } = usePresence('room');
    return <p id="who">{ready ? [...users].sort().join(' ') : 'not ready ' + error}</p>;
  }

  createRoot(document.getElementById('root')).render(
    <StrictMode><TidingsProvider options={options}><Who /></TidingsProvider></StrictMode>,
  );
`;

const FILES = {
  'index.html':
    '<!doctype html><title>who</title><main id="root"></main><script type="module" src="./main.tsx"></script>',
  'main.tsx': MAIN,
};

describe.skipIf(NO_BROWSER)('in a browser', () => {
  test('who comes, comes twice, leaves, and who is there after the hub was killed', async () => {
    const browser = await launch();
    // The dev server tells no page of the hub's death: the heartbeats that stay away do.
    const hub = await Hub.start({ TIDINGS_STREAM_HEARTBEAT_MS: '1000' }, RULES);
    const dev = await DevServer.start(hub.url, FILES);
    const context = await browser.newContext();
    try {
      const ann = await open(context, dev, 'ann');
      await shows(ann, 'ann');
      const bob = await open(context, dev, 'bob');
      await shows(ann, 'ann bob');
      await shows(bob, 'ann bob');
      const second = await open(context, dev, 'bob');
      await shows(second, 'ann bob');
      await bob.close();
      await hub.settlesAt(2);
      expect(await said(ann)).toBe('ann bob');
      await second.close();
      await shows(ann, 'ann');
      const cleo = await open(context, dev, 'cleo');
      await shows(ann, 'ann cleo');
      await hub.crash();
      await shows(ann, 'not ready null');
      await hub.up();
      for (const page of [ann, cleo]) await shows(page, 'ann cleo');
      await context.close();
      await hub.settlesAt(0);
      await hub.assertBooksBalance();
    } finally {
      await browser.close();
      await dev.stop();
      await hub.stop();
    }
  });
});

async function open(context: BrowserContext, dev: DevServer, user: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${dev.url}#${user}`);
  return page;
}

const said = (page: Page) => page.evaluate("document.getElementById('who')?.textContent ?? ''") as Promise<string>;

async function shows(page: Page, users: string): Promise<void> {
  await until(
    async () => (await said(page)) === users,
    async () => `it says "${await said(page)}", not "${users}"`,
    30_000,
  );
}
