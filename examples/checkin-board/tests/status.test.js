// What the page says of its connection, and when: the light, the words beside it, the console, the waits.

import assert from 'node:assert/strict';
import { until } from '../../../e2e/harness/until.js';
import { AMIR, BEA, boardTest, isLive, isThere, room, signIn, WAYS } from './harness/fixture.js';

const STEPS_MS = [1_000, 2_000, 4_000, 8_000, 16_000];
// A loss is seen a moment after it happened, and a busy machine wakes late, but not early: clocks are cut to milliseconds.
const EARLY_MS = 5;
const LATE_MS = 3_000;
/** How far a page's clock is put forward at once while it waits. */
const TICK_MS = 250;

for (const way of WAYS) {
  boardTest(
    'waits of 1, 2, 4, 8, 16 s, each between its half and its whole; red after five; back by itself',
    { way, settings: { attempts_max: 5 } },
    async ({ school, open }) => {
      await (await school.as('ada')).start('Art room');
      // The waits are the page's own, and half a minute of them is played in seconds.
      const page = await open('ada', { before: (page) => page.clock.install() });
      const light = page.locator('.status');

      // Each attempt begins with a token.
      const before = await page.evaluate(() => window.tokensAskedAt.length);
      const lost = await page.evaluate(() => Date.now());
      await school.hubProcess.crash();
      await page.locator('[data-status=reconnecting][data-light=yellow]').waitFor();
      assert.match(await page.getByRole('status').innerText(), /^Not live\. (Tries again within 5 s|Trying …)$/);
      await playUntil(page, '[data-status=failed]');

      const attempts = (await page.evaluate(() => window.tokensAskedAt)).slice(before);
      const waits = attempts.slice(0, STEPS_MS.length).map((at, n) => at - (n ? attempts[n - 1] : lost));
      assert.equal(waits.length, STEPS_MS.length, `${attempts.length} attempts`);
      for (const [at, step] of STEPS_MS.entries()) {
        const told = `attempt ${at + 1} after ${waits[at].toFixed()} ms, step ${step}`;
        assert.ok(waits[at] > step / 2 - EARLY_MS && waits[at] < step + LATE_MS, told);
      }
      assert.equal(await light.getAttribute('data-light'), 'red');
      assert.match(await page.getByRole('status').innerText(), /^No connection\. What you see may be old\./);

      await school.again();
      await playUntil(page, '[data-status=connected][data-light=green]');
      assert.equal(await page.getByRole('status').innerText(), 'Live');
      await school.scan('Art room', AMIR.tag);
      await isThere(page, 'Art room', AMIR);
      assert.deepEqual(
        page.said.map((line) => line.match(/^check-in board: (?:\w+ → )?(\w+)/)[1]),
        ['idle', 'connecting', 'connected', 'reconnecting', 'failed', 'connected'],
        page.said.join('\n'),
      );
    },
  );
}

/** An attempt has the network's own time; what is waited for between two of them is played. */
function playUntil(page, there) {
  const status = page.getByRole('status');
  return until(
    async () => {
      if ((await page.locator(there).count()) > 0) return true;
      if (!(await status.innerText()).includes('Trying')) await page.clock.runFor(TICK_MS);
      return false;
    },
    90_000,
    () => status.innerText(),
  );
}

boardTest('an orderly restart in between: back within seconds, with nothing missed', {}, async ({ school, open }) => {
  await (await school.as('ada')).start('Art room');
  const page = await open('ada');
  const boards = [];
  page.on('request', (request) => request.url().endsWith('/api/board') && boards.push(request.url()));
  await school.app.down();
  await page.locator('[data-status=reconnecting]').waitFor();
  await school.again();
  await school.scan('Art room', AMIR.tag);
  await isLive(page);
  await isThere(page, 'Art room', AMIR);
  assert.equal((await school.stats()).events.gaps_total, 0, 'what came meanwhile followed');
  assert.deepEqual(boards, [], 'and nothing had to be fetched');
});

boardTest('a broken event does not kill the stream', {}, async ({ school, open }) => {
  await (await school.as('ada')).start('Art room');
  const page = await open('ada');
  const warned = page.waitForEvent('console', (message) => message.text().includes('passed over an event'));
  await page.evaluate(() => {
    const broken = [
      'event: student_checkin\ndata: {"channel":"group:1","data":{broken\n\n',
      'data: null\n\n',
      'event: gap\ndata: 7\n\n',
      ':\n\nid\nevent\ndata\n\n',
      'event: student_checkin\ndata: {"channel":"group:1","type":"student_checkin","data":null}\n\n',
    ];
    for (const text of broken) window.streams[0].inject(text);
  });
  await warned;
  await school.scan('Art room', BEA.tag);
  await isThere(page, 'Art room', BEA);
  assert.deepEqual((await school.stats()).connections.opened_total, 1);
});

boardTest('a browser that can’t says so, and the board is there all the same', {}, async ({ school, open }) => {
  const group = await (await school.as('ada')).start('Art room');
  const before = (page) =>
    page.addInitScript(() => {
      const own = window.fetch;
      window.fetch = async (...asked) => {
        const answer = await own(...asked);
        if (answer.headers.get('Content-Type')?.startsWith('text/event-stream')) {
          void answer.body.cancel();
          Object.defineProperty(answer, 'body', { value: null });
        }
        return answer;
      };
    });
  const page = await open('ada', { before, live: false });
  await page.locator('[data-status=failed][data-light=red]').waitFor();
  assert.match(await page.getByRole('status').innerText(), /^This browser can’t show changes as they happen\./);
  await room(page, 'Art room').waitFor();
  // What is done by hand is shown, since nobody else tells it.
  await room(page, 'Art room').getByLabel('Student for Art room').selectOption(AMIR.name);
  await room(page, 'Art room').getByRole('button', { name: 'Check in' }).click();
  await isThere(page, 'Art room', AMIR);
  assert.ok(group);
});

boardTest('listeners and timers are gone after the board is', {}, async ({ school, open }) => {
  await (await school.as('ada')).start('Art room');
  const page = await open('ada', { before: (page) => page.addInitScript(count) });
  await room(page, 'Art room').waitFor();
  assert.ok((await page.evaluate(() => window.left())).listeners.length > 0, 'a live page listens for its own end');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out.').waitFor();
  await school.settlesAt(0);
  const left = () => page.evaluate(() => window.left());
  await until(
    async () => (await left()).listeners.length + (await left()).timers.length === 0,
    30_000,
    async () => JSON.stringify(await left()),
  );
  await signIn(page, 'ada');
  await isLive(page);
});

/** Counts what a page has under way: listeners of window and document that aren't React's own, and timers. */
function count() {
  const watched = ['pagehide', 'pageshow', 'freeze', 'resume', 'online', 'offline', 'visibilitychange', 'storage'];
  const listeners = [];
  for (const target of [window, document]) {
    const { addEventListener: add, removeEventListener: remove } = target;
    target.addEventListener = (type, listener, options) => {
      if (watched.includes(type)) listeners.push({ target, type, listener });
      options?.signal?.addEventListener('abort', () => drop(target, type, listener));
      return add.call(target, type, listener, options);
    };
    target.removeEventListener = (type, listener, options) => {
      drop(target, type, listener);
      return remove.call(target, type, listener, options);
    };
  }
  const drop = (target, type, listener) => {
    const at = listeners.findIndex((one) => one.target === target && one.type === type && one.listener === listener);
    if (at >= 0) listeners.splice(at, 1);
  };
  const timers = new Map();
  for (const [set, clear, once] of [
    ['setTimeout', 'clearTimeout', true],
    ['setInterval', 'clearInterval', false],
  ]) {
    const [ownSet, ownClear] = [window[set], window[clear]];
    window[set] = (work, ms, ...rest) => {
      const id = ownSet(
        (...given) => {
          if (once) timers.delete(id);
          work(...given);
        },
        ms,
        ...rest,
      );
      timers.set(id, `${set} ${ms}`);
      return id;
    };
    window[clear] = (id) => {
      timers.delete(id);
      ownClear(id);
    };
  }
  window.left = () => ({ listeners: listeners.map(({ type }) => type), timers: [...timers.values()] });
}
