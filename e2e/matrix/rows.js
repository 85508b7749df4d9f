// The rows of the kiosk's story, and what the hub must count after each. A row runs in a cell and may have several
// lines. `worst` is the hop by which `make test` runs it, and `because` says why.

import assert from 'node:assert/strict';
import { TIMEOUT_MS } from '../harness/browser.js';
import { connected, holds, isConnected } from '../harness/page.js';
import { freeze, launchPlain } from '../harness/plain-browser.js';
import { until } from '../harness/until.js';

const TABS = 10;
/** Chromium opens six connections to a host over HTTP/1.1, whatever the number of tabs; the others wait for a place. */
const PER_HOST = 6;
/** Six streams leave no place for the requests that renew their leases. So the lease outlasts what is looked at. */
const FULL_LEASE_SECONDS = 35;
/** Ten tabs that start are busy, and the one that leads renews the lease among them. */
const SHARED_LEASE_SECONDS = 10;

const SWALLOWS = 'it reads on when a page has gone, so that only what the page says, or no longer says, ends a stream';

export const ROWS = [
  row('reload', async (cell) => {
    const page = await cell.open();
    const [before] = await ids(cell);
    await cell.line('reload ×1', 1, 'returns', () => reload(page));
    assert.deepEqual(await ids(cell), [before], 'the same client');
  }),
  row('reload ×5', async (cell) => {
    const page = await cell.open();
    await cell.line('reload ×5', 1, 'returns often', async () => {
      for (let time = 1; time <= 5; time += 1) await reload(page);
    });
  }),
  row('reload ×5 at once', async (cell) => {
    const page = await cell.open();
    await cell.line('reload ×5, without waiting', 1, 'returns often', async () => {
      for (let time = 1; time <= 5; time += 1) await reloadAtOnce(page);
      await connected(page);
    });
  }),
  row('away and back', async (cell) => {
    const page = await cell.open({ uncached: 1 });
    await cell.line('navigate away', 0, 'told', () => page.goto(blank(cell)));
    await cell.line('… and back', 1, 'returns', () => back(page));
    assert.equal(await page.evaluate('seen.restored'), 0, 'loaded anew');
  }),
  row('back-forward cache', async (cell) => {
    const page = await cell.open();
    await cell.line('into the back-forward cache', 0, 'told', () => page.goto(blank(cell)));
    await cell.hub.publish({ channel: 'jobs', data: 'meanwhile' });
    await cell.line('… and out of it', 1, 'returns', () => back(page));
    assert.equal(await page.evaluate('seen.restored'), 1, 'out of the cache, not loaded anew');
    await holds(page, 'seen.events.length === 1');
  }),
  row('close the tab', async (cell) => {
    const page = await cell.open();
    await cell.line('close the tab', 0, 'told', () => page.close());
  }),
  row('close()', async (cell) => {
    const page = await cell.open();
    await cell.line('`close()`', 0, 'told', () => page.evaluate('hub.close()'));
  }),
  row('last subscriber', async (cell) => {
    const page = await cell.open();
    await cell.line('the last subscriber leaves', 0, 'told', () => page.evaluate('off()'));
  }),
  row('crash', async (cell) => {
    const page = await cell.open();
    await cell.line('crash of the tab', 0, 'silent', async () => {
      const crashed = page.waitForEvent('crash');
      page.goto('chrome://crash').catch(() => {});
      await crashed;
    });
  }),
  row('duplicate tab', async (cell) => {
    const page = await cell.open();
    const kept = await page.evaluate('JSON.stringify(sessionStorage)');
    const copy = await cell.browser.context.newPage();
    // As a browser's own menu does it: the new tab begins with a copy of what the tab has stored.
    await copy.addInitScript(`if (!sessionStorage.length) Object.assign(sessionStorage, ${kept})`);
    await cell.line('duplicate the tab', 2, 'returns', () => copy.goto(cell.address()).then(() => connected(copy)));
    assert.equal(new Set(await ids(cell)).size, 2, 'two clients');
    await cell.line('… and close the copy', 1, 'told', () => copy.close());
  }),
  row('window.open', async (cell) => {
    const page = await cell.open();
    let opened;
    await cell.line('`window.open`', 2, 'returns', async () => {
      const opening = cell.browser.context.waitForEvent('page');
      await page.evaluate('void open(location.href)');
      opened = await opening;
      await connected(opened);
    });
    assert.equal(new Set(await ids(cell)).size, 2, 'two clients');
    await cell.line('… and close the opener', 1, 'told', () => page.close());
  }),
  row('freeze', async (cell) => {
    const page = await cell.open();
    let thaw;
    await cell.line('freeze', 0, 'told', async () => {
      thaw = await freeze(page);
    });
    await cell.hub.publish({ channel: 'jobs', data: 'meanwhile' });
    await cell.line('… and resume', 1, 'returns', async () => {
      await thaw();
      await connected(page);
    });
    await holds(page, 'seen.events.length === 1');
  }),
  row('offline', async (cell) => {
    const page = await cell.open();
    await cell.line('offline', 0, 'cut', () => page.context().setOffline(true));
    await cell.hub.publish({ channel: 'jobs', data: 'meanwhile' });
    await cell.line('… and online', 1, 'returns', () => page.context().setOffline(false));
    await holds(page, 'seen.events.length === 1');
  }),
  row('quit the browser', (cell) => ended(cell, 'quit the browser', (browser) => browser.quit())),
  row('kill the browser', (cell) => ended(cell, 'kill -9 the browser', (browser) => browser.crash())),
  row('10 tabs', async (cell) => {
    const tabs = [];
    await cell.line(`${TABS} tabs, each its own client`, PER_HOST, 'returns', async () => {
      for (let at = 0; at < TABS; at += 1) {
        const tab = { page: await cell.browser.context.newPage(), loaded: false };
        tabs.push(tab);
        // Where the page comes from the hop itself, the seventh does not even load.
        const loading = tab.page.goto(cell.address({ lease: FULL_LEASE_SECONDS }), { waitUntil: 'commit' });
        loading.then(() => (tab.loaded = true), () => {});
      }
    }, { tabs: TABS });
    // Counted is not yet told: one that does not know its stream has no goodbye to say, and its lease would have to end it.
    await until(async () => (await withStreams(tabs)).length === PER_HOST, TIMEOUT_MS, () => 'some know no stream');
    await cell.line('… and close them all', 0, 'told', () => closeAll(tabs), { leaseSeconds: FULL_LEASE_SECONDS, tabs: TABS });
  }),
  row('10 tabs, shared', async (cell) => {
    const pages = [];
    await cell.line(`${TABS} tabs that share`, 1, 'returns', async () => {
      for (let tab = 0; tab < TABS; tab += 1) pages.push(await cell.open({ lease: SHARED_LEASE_SECONDS }, 'shared'));
    }, { tabs: TABS });
    const leader = pages.shift();
    assert.equal(await leader.evaluate('hub.status.getSnapshot().role'), 'leader');
    await cell.line('… and close the one that leads', 1, 'returns', () => leader.close());
    await cell.hub.publish({ channel: 'jobs', data: 'to all' });
    for (const page of pages) await holds(page, 'seen.events.length === 1');
    // All at once: one that takes over may be closed before it knows its stream's id, and has no goodbye to say.
    await cell.line('… and close the others', 0, 'silent', () => Promise.all(pages.map((page) => page.close())), {
      leaseSeconds: SHARED_LEASE_SECONDS,
      tabs: TABS,
    });
  }),
];

function row(name, run, { worst = 'ghost', because = SWALLOWS } = {}) {
  return { name, run, worst, because };
}

/** A browser of its own, since it does not outlive the row. */
async function ended(cell, what, end) {
  const shared = cell.browser;
  cell.browser = await launchPlain();
  try {
    await cell.open();
    await cell.line(what, 0, 'silent', () => end(cell.browser));
    await cell.browser.finish();
  } finally {
    cell.browser = shared;
  }
}

/** First those that still wait, for their page or their stream: the place of one that goes would be theirs at once. */
async function closeAll(tabs) {
  const live = await withStreams(tabs);
  for (const some of [tabs.filter((tab) => !live.includes(tab)), live]) {
    await Promise.all(some.map(({ page }) => page.close()));
  }
}

async function withStreams(tabs) {
  const loaded = tabs.filter((tab) => tab.loaded);
  const live = await Promise.all(loaded.map(({ page }) => isConnected(page)));
  return loaded.filter((_, at) => live[at]);
}

const ids = async ({ hub }) => (await hub.connections()).map(({ client_id: id }) => id);
const blank = ({ hop }) => hop.page.replace('client.html', 'blank.html');
const reload = (page) => page.reload().then(() => connected(page));
const back = (page) => page.goBack({ waitUntil: 'commit' }).then(() => connected(page));

/** As soon as a page is there that can be reloaded: the last one may be on its way out, and the next not active yet. */
async function reloadAtOnce(page, tries = 100) {
  try {
    await page.reload({ waitUntil: 'commit' });
  } catch (error) {
    if (tries === 0 || !error.message.includes('Not attached to an active page')) throw error;
    await reloadAtOnce(page, tries - 1);
  }
}
