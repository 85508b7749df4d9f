// What a hub may answer instead of a stream, in a real browser: the client's state, and how often it asks again.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { browserForFile, hubTest } from '../harness/fixture.js';
import { middleman } from '../harness/middleman.js';
import { holds } from '../harness/page.js';
import { answerPage } from '../harness/site.js';

const windowed = browserForFile();
/** They wait for the hub's own hints for most of their time. */
const AT_ONCE = 3;
const QUICK = { firstMs: 50, maxMs: 200 };
/** The opposite of a wait: in this time a client that tries on would have come five times. */
const SILENT_MS = 1_000;
/** Clocks of two processes, and a timer that may come a moment early. */
const EARLY_MS = 20;

/** As `hubTest`, with a proxy that counts, and `open(query)`: a page that it serves. `user` is who the proxy says it is. */
function refusalTest(name, settings, body, user) {
  hubTest(name, settings, windowed(async ({ hub, context }) => {
    const proxy = await middleman(() => hub.url, { answers: answerPage, user });
    const open = async (query = {}) => {
      const page = await context.newPage();
      const given = Object.entries({ backoff: QUICK, ...query }).map(([key, value]) => [key, JSON.stringify(value)]);
      await page.goto(`${proxy.url}/pages/client.html?${new URLSearchParams(given)}`);
      return page;
    };
    try {
      await body({ hub, proxy, open });
    } finally {
      await context.close();
      await proxy.stop();
    }
  }));
}

describe('what is answered instead of a stream', { concurrency: AT_ONCE }, () => {
  refusalTest('401: asked once more with a fresh token, then failed for good', {}, async ({ hub, proxy, open }) => {
    const page = await open({ token: true });
    await in_(page, 'connected');
    await hub.post('/api/sse/revocations', { user: 'kim' });
    await in_(page, 'failed');
    assert.equal((await error(page)).reason, 'revoked', 'the stream that was open was told why it ended');
    await page.evaluate('hub.reconnect()');
    await holds(page, 'seen.tokens.length === 3');
    await in_(page, 'failed');
    const { status, fatal } = await error(page);
    assert.deepEqual([status, fatal], [401, true]);
    assert.deepEqual(await page.evaluate('seen.tokens'), ['connect', 'connect', 'unauthorized']);
    await asksNoMore(proxy, [200, 401, 401]);
  }, 'kim');

  refusalTest('403: the channel that is denied costs the others nothing', {}, async ({ hub, proxy, open }) => {
    await hub.put('/api/sse/users/kim/channels', { remove: ['jobs'] });
    const page = await open({ also: 'news' });
    await in_(page, 'connected');
    assert.deepEqual(await page.evaluate('hub.status.getSnapshot().channels'), { jobs: 'denied', news: 'active' });
    await asksNoMore(proxy, [403, 200]);
  }, 'kim');

  refusalTest('403 for all that was asked for is failed', {}, async ({ hub, proxy, open }) => {
    await hub.put('/api/sse/users/kim/channels', { remove: ['jobs'] });
    const page = await open();
    await in_(page, 'failed');
    const { status, fatal, message } = await error(page);
    assert.deepEqual([status, fatal], [403, true]);
    assert.match(message, /`jobs`/, 'it says which');
    await asksNoMore(proxy, [403]);
  }, 'kim');

  refusalTest('429: asked again when the hub said, not before, and let in when there is room', { TIDINGS_LIMITS_CONNECTIONS_PER_USER: 1 },
    async ({ proxy, open }) => {
      const first = await open();
      await in_(first, 'connected');
      const second = await open();
      await holds(second, 'hub.status.getSnapshot().error?.status === 429');
      assert.match((await error(second)).message, /429/);
      await first.close();
      await in_(second, 'connected');
      // A machine that is slow to close a tab has it refused once more.
      const [, ...waits] = proxy.asked;
      assert.match(proxy.asked.map(({ status }) => status).join(), /^200(,429)+,200$/);
      waits.slice(1).forEach(({ at }, after) => {
        const waitedMs = at - waits[after].at;
        assert.ok(waitedMs >= 5_000 - EARLY_MS, `Retry-After: 5, and it came after ${waitedMs} ms`);
      });
    }, 'kim');

  refusalTest('503: a hub that drains is asked when it said, and its successor takes the stream', {}, async ({ hub, proxy, open }) => {
    const page = await open();
    await in_(page, 'connected');
    await hub.post('/api/sse/drain', {}, 202);
    await holds(page, 'hub.status.getSnapshot().error?.status === 503');
    assert.equal(await state(page), 'reconnecting');
    await holds(page, 'hub.status.getSnapshot().attempt >= 3');
    const refused = proxy.asked.filter(({ status }) => status === 503).map(({ at }) => at);
    assert.ok(refused[1] - refused[0] >= 2_000 - EARLY_MS, `Retry-After: 2, and it came after ${refused[1] - refused[0]} ms`);
    await hub.down();
    await hub.up();
    await in_(page, 'connected');
    assert.deepEqual(await page.evaluate('seen.states'), ['idle', 'connecting', 'connected', 'reconnecting', 'connected']);
  });

  refusalTest('204 is failed, and the end of it', {}, async ({ proxy, open }) => {
    proxy.answer(204);
    const page = await open();
    await in_(page, 'failed');
    const { status, fatal } = await error(page);
    assert.deepEqual([status, fatal], [204, true]);
    await asksNoMore(proxy, [204]);
    proxy.answer(null);
    await page.evaluate('hub.reconnect()');
    await in_(page, 'connected');
  });

  refusalTest('an event that can\'t be read is left out, and the stream goes on', {}, async ({ hub, proxy, open }) => {
    const page = await open();
    await in_(page, 'connected');
    await hub.publish({ channel: 'jobs', data: 1 });
    await holds(page, 'seen.events.length === 1');
    proxy.inject('event: note\ndata: {"channel":"jobs","offset":\n\n');
    proxy.inject('event: note\ndata: {"channel":7}\nno field at all\nid: \u0000\n\n');
    await hub.publish({ channel: 'jobs', data: 2 });
    await holds(page, 'seen.events.length === 2');
    assert.deepEqual(await page.evaluate('seen.events.map(({ data }) => data)'), [1, 2]);
    assert.equal(await page.evaluate('seen.malformed[0]'), '{"channel":"jobs","offset":');
    assert.deepEqual(await page.evaluate('seen.states'), ['idle', 'connecting', 'connected']);
    assert.equal((await hub.stats()).connections.opened_total, 1);
  });

  refusalTest('five attempts that fail are failed, where so configured; and the server\'s return is connected', {}, async ({ hub, proxy, open }) => {
    const page = await open({ backoff: { ...QUICK, attemptsMax: 5 } });
    await in_(page, 'connected');
    await hub.crash();
    await in_(page, 'failed');
    // As it was at that moment, since it tries on. The loss itself is no attempt.
    assert.equal(await page.evaluate("seen.attempts[seen.states.indexOf('failed')]"), 6);
    assert.ok(proxy.asked.length >= 1 + 5, `${proxy.asked.length}`);
    await hub.up();
    await in_(page, 'connected');
    assert.deepEqual(await page.evaluate('seen.states'), ['idle', 'connecting', 'connected', 'reconnecting', 'failed', 'connected']);
  });
});

const state = (page) => page.evaluate('hub.status.getSnapshot().status');
const error = (page) => page.evaluate('hub.status.getSnapshot().error');
const in_ = (page, state) => holds(page, `window.hub?.status.getSnapshot().status === '${state}'`);

async function asksNoMore(proxy, statuses) {
  await new Promise((resolve) => setTimeout(resolve, SILENT_MS));
  assert.deepEqual(proxy.asked.map(({ status }) => status), statuses);
}
