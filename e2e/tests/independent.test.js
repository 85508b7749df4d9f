// Clients that know nothing of Tidings read the same streams: the browser's own `EventSource`, the npm package, the fetch
// one, curl; and our own facade, which must pass as one of them, in a page and in Node.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe } from 'node:test';
import { EventSource as Facade } from '@tidings/client/eventsource';
import { EventSource as Package } from 'eventsource';
import { browserForFile, hubTest } from '../harness/fixture.js';
import { startSite } from '../harness/site.js';
import { until } from '../harness/until.js';
import { record } from '../matrix/record.js';

const windowed = browserForFile();
/** They wait for the hub's own hints for most of their time. */
const AT_ONCE = 3;
const WITHIN_MS = 20_000;
const IN_PAGE = ['native', 'facade', 'fetchEventSource'];
const IN_NODE = { package: (url) => record(new Package(url)), 'facade in Node': (url) => record(new Facade(url)) };
/** Those that obey HTML §9.2: a status other than 200 is the end. */
const AS_THE_STANDARD = ['native', 'facade', 'package', 'facade in Node'];
const EVERYONE = [...IN_PAGE, ...Object.keys(IN_NODE)];

const EVENTS = [
  { channel: 'jobs', type: 'note', data: { n: 12345678901234567890n } },
  { channel: 'news', data: 'ünïcode 🦀 \u2028 and a line\nbreak' },
  { channel: 'jobs', data: null },
  { channel: 'news', type: 'note', data: ['data: x', 'event: connected', ''] },
];

/** `clients.open(name, url)`, `clients.read(name)`; all of them are closed in the end. */
function clientsTest(name, settings, body) {
  hubTest(name, settings, windowed(async ({ hub, context }) => {
    const site = await startSite();
    const page = await context.newPage();
    await page.goto(`${site.url}/pages/others.html`);
    await until(() => page.evaluate('Boolean(window.open_)'), WITHIN_MS);
    const own = {};
    const clients = {
      async open(which, query) {
        const url = `${hub.url}/api/sse/stream?${new URLSearchParams(query)}`;
        if (IN_NODE[which]) own[which] = IN_NODE[which](url);
        else await page.evaluate(`void open_('${which}', '${url}')`);
      },
      read: async (which) => own[which]?.read ?? JSON.parse(await page.evaluate(`JSON.stringify(clients.${which}.read)`)),
      async all(which, holds, what) {
        for (const one of which) {
          await until(async () => holds(await clients.read(one)), WITHIN_MS, async () => `${one}: ${what}: ${JSON.stringify(await clients.read(one))}`);
        }
      },
    };
    try {
      await body({ hub, clients });
    } finally {
      for (const { close } of Object.values(own)) close();
      await context.close();
      await site.stop();
    }
  }));
}

describe('clients that are not ours', { concurrency: AT_ONCE }, () => {
  clientsTest('all read the same events, ids and types, over a restart of the hub', {}, async ({ hub, clients }) => {
    const query = (name) => ({ channels: 'jobs,news', client_id: `independent-${name}` });
    for (const name of EVERYONE) await clients.open(name, query(name));
    const curl = [await startCurl(hub, query('curl'))];
    await clients.all(EVERYONE, ({ connected }) => connected === 1, 'is connected');
    await hub.settlesAt(EVERYONE.length + 1);
    const publish = async () => {
      for (const event of EVENTS) await hub.publishText(json(event));
    };
    await publish();
    await clients.all(EVERYONE, ({ events }) => events.length === EVENTS.length, 'has read the first ones');
    await until(() => curl[0].events().length === EVENTS.length, WITHIN_MS);
    await hub.down();
    await hub.up();
    await publish();
    // It has no reconnect of its own: whoever scripts it keeps the last id.
    await curl[0].end();
    curl.push(await startCurl(hub, query('curl'), curl[0].events().at(-1)[0]));
    await clients.all(EVERYONE, ({ connected }) => connected === 2, 'is back');
    await publish();
    const count = 3 * EVENTS.length;
    await clients.all(EVERYONE, ({ events }) => events.length >= count, 'has read the last ones');
    await until(() => curl[1].events().length >= 2 * EVENTS.length, WITHIN_MS);
    const expected = curl.flatMap((one) => one.events());
    assert.deepEqual(expected.map(([, type, data]) => [type, data]), [1, 2, 3].flatMap(() => EVENTS.map((event) => [event.type ?? 'message', json(event.data)])));
    assert.equal(new Set(expected.map(([id]) => id)).size, count, 'each has an id of its own');
    for (const name of EVERYONE) assert.deepEqual((await clients.read(name)).events, expected, name);
    await curl[1].end();
  });

  clientsTest('a refusal that passes is told as a stream that ends, and all come back to it', { TIDINGS_LIMITS_CONNECTIONS_PER_USER: 1 },
    async ({ hub, clients }) => {
      const query = (name) => ({ channels: 'jobs', user: `user of ${name}` });
      const holders = await Promise.all([...EVERYONE, 'curl'].map((name) => startCurl(hub, query(name))));
      for (const name of EVERYONE) await clients.open(name, query(name));
      await clients.all(EVERYONE, ({ refused }) => refused[0] === 429, 'is told of the limit');
      // To what is no browser it is a status.
      const answer = await curlOnce(hub, query('curl'));
      assert.match(answer, /^HTTP\/1\.1 429 /);
      assert.match(answer, /^retry-after: \d+\r$/m);
      assert.match(answer, /^content-type: application\/problem\+json\r$/m);
      // Where the client says that it reads statuses, it gets one, and by the standard that is the end.
      const url = `${hub.url}/api/sse/stream?${new URLSearchParams(query('curl'))}`;
      const told = record(new Facade(url, { fetch: (to, init) => fetch(to, { ...init, headers: { ...init.headers, 'Tidings-Client': 'test' } }) }));
      await until(() => told.read.closed, WITHIN_MS);
      assert.deepEqual(told.read, { events: [], connected: 0, refused: [], closed: true, errors: 1 });
      for (const holder of holders) await holder.end();
      await clients.all(EVERYONE, ({ connected }) => connected === 1, 'comes back and is let in');
      for (const name of AS_THE_STANDARD) assert.equal((await clients.read(name)).closed, false, name);
    });

  clientsTest('who is not to come back gets 204, and a revoked one 401: the end for an EventSource', {}, async ({ hub, clients }) => {
    for (const name of AS_THE_STANDARD) await clients.open(name, { channels: 'jobs', client_id: `kicked-${name}` });
    await clients.all(AS_THE_STANDARD, ({ connected }) => connected === 1, 'is connected');
    for (const { id } of await hub.connections()) await hub.kick(id, { reconnect: false });
    await clients.all(AS_THE_STANDARD, ({ closed }) => closed, 'comes back to a 204');
    for (const name of AS_THE_STANDARD) {
      const { connected, errors } = await clients.read(name);
      assert.deepEqual([name, connected, errors], [name, 1, 2], 'an end, and one attempt');
    }
    await hub.post('/api/sse/revocations', { user: 'kim' });
    for (const name of AS_THE_STANDARD) await clients.open(name, { channels: 'jobs', user: 'kim' });
    await clients.all(AS_THE_STANDARD, ({ closed }) => closed, 'is refused');
  });
});

/** `curl -N`; `events()` is what its bytes say, read by the few lines below alone. */
async function startCurl(hub, query, lastId) {
  const headers = lastId ? ['-H', `Last-Event-ID: ${lastId}`] : [];
  const url = `${hub.url}/api/sse/stream?${new URLSearchParams(query)}`;
  const child = spawn('curl', ['-sN', '--max-time', '60', ...headers, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  await until(() => text.includes('event: connected\n'), WITHIN_MS, () => `curl read ${text}`);
  return {
    events: () => blocks(text).filter(([, type]) => type === 'note' || type === 'message'),
    async end() {
      child.kill();
      await exited;
    },
  };
}

function blocks(text) {
  return text.split('\n\n').slice(0, -1).map((block) => {
    const field = (name) => block.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    return [field('id'), field('event') ?? (field('data') === undefined ? 'none' : 'message'), field('data')];
  });
}

async function curlOnce(hub, query) {
  const child = spawn('curl', ['-si', '--max-time', '10', `${hub.url}/api/sse/stream?${new URLSearchParams(query)}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await once(child, 'exit');
  return text;
}

/** JSON in which a number has all its digits. */
function json(value) {
  return JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `big:${one}` : one)).replace(/"big:(\d+)"/g, '$1');
}
