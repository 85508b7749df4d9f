// Twenty-five connections of one user, which is the limit, and the one hub that has them: killed, or stopped. Once, such a
// stop cleaned up ten of them, and the user was refused for the rest.

import { createClient } from '@tidings/client';
import { signedToken, Tokens } from '../tokens.js';
import { assert, metric, refusedByLimit, SOON_MS, serviceTest, until } from './fixture.js';

const CROWD = 25;
const given = { hubs: 1, env: { TIDINGS_LIMITS_CONNECTIONS_PER_USER: CROWD } };

for (const [what, signal, summarised] of [
  ['killed', 'SIGKILL', null],
  ['stopped in good order', 'SIGTERM', CROWD],
]) {
  serviceTest(
    `${CROWD} at the limit, and their hub is ${what}: all are back, none is refused`,
    given,
    async ({ scene, t }) => {
      const [hub] = scene.cluster.hubs;
      const crowd = Array.from({ length: CROWD }, () => new Reader(scene));
      try {
        await all(crowd, 'connected');
        await hub.down(signal);
        await all(crowd, 'reconnecting');
        const from = performance.now();
        await hub.up();
        await all(crowd, 'connected');
        t.diagnostic(`all back ${Math.round(performance.now() - from)} ms after the hub began to start`);
        assert.deepEqual(
          crowd.flatMap(({ refusals }) => refusals),
          [],
        );
        assert.equal(await refusedByLimit(hub), 0);
        assert.equal(await metric(hub, 'tidings_connections{type="author"}'), CROWD);
        await summary(scene, hub, summarised);
      } finally {
        for (const reader of crowd) reader.client.close();
      }
    },
  );
}

class Reader {
  refusals = [];

  constructor(scene) {
    const tokens = new Tokens(scene.cluster.key);
    // A short wait between tries: the hub is back before the usual one is over.
    const backoff = { firstMs: 100, maxMs: 500 };
    this.client = createClient({
      url: scene.server.url,
      type: 'author',
      token: () => tokens.forAuthor('ann'),
      backoff,
    });
    this.client.subscribe('books:ann', () => {});
    this.client.status.subscribe(() => {
      const { error } = this.client.status.getSnapshot();
      if (error?.status === 429) this.refusals.push(error.message);
    });
  }

  get status() {
    return this.client.status.getSnapshot().status;
  }
}

async function all(crowd, status) {
  const wanting = () => crowd.filter((reader) => reader.status !== status);
  await until(
    () => wanting().length === 0,
    SOON_MS,
    () => `${wanting().length} are not ${status}: ${wanting()[0].status}`,
  );
}

/** What the hub says of the shutdown before its start; nothing after a crash. */
async function summary({ cluster }, hub, cleaned) {
  const Authorization = `Bearer ${signedToken(cluster.key, 'operator', 60, { admin: 'read' })}`;
  const stats = await (await fetch(`${hub.url}/api/sse/stats`, { headers: { Authorization } })).json();
  const { last_shutdown_cleanup_summary: last } = stats.cleanup;
  if (cleaned === null) return assert.equal(last, null);
  assert.ok(last.connections_before >= cleaned, 'the service has one of its own');
  assert.deepEqual([last.total_cleaned, last.connections_after], [last.connections_before, 0]);
}
