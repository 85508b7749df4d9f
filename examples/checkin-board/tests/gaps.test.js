// What is missed is learned of, and fetched in one request; and a hub that is away stops nobody's work.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { until } from '../../../e2e/harness/until.js';
import { AMIR, BEA, boardTest, CHIDI, cut, isGone, isLive, isThere, room, WAYS } from './harness/fixture.js';
import { heard } from './harness/tap.js';

const HISTORY = 4;

for (const way of WAYS) {
  boardTest(
    'a page that fell behind learns of it, and fetches its rooms in one request',
    { way, sameEitherWay: true, settings: { history_count: HISTORY } },
    async ({ school, open }) => {
      const ada = await school.as('ada');
      const [art, gym] = [await ada.start('Art room'), await ada.start('Gym')];
      const page = await open('ada');
      await ada.checkIn(art, AMIR.id);
      await isThere(page, 'Art room', AMIR);

      // Cut off, while more happens than the hub keeps.
      const asked = [];
      page.on('request', (request) => asked.push(new URL(request.url()).pathname));
      await page.context().setOffline(true);
      await page.evaluate(() => window.dispatchEvent(new Event('offline')));
      await cut(page, school);
      for (let times = 0; times < HISTORY; times += 1) {
        await ada.checkIn(gym, CHIDI.id);
        await ada.checkOut(gym, CHIDI.id);
        await ada.checkOut(art, AMIR.id);
        await ada.checkIn(art, BEA.id);
        await ada.checkOut(art, BEA.id);
      }
      await ada.checkIn(art, CHIDI.id);
      asked.length = 0;
      await page.context().setOffline(false);
      await isThere(page, 'Art room', CHIDI);
      await isGone(page, 'Art room', AMIR);
      await isLive(page);

      const gaps = (await heard(page)).filter(({ type }) => type === 'gap').map(({ data }) => data);
      assert.deepEqual(gaps.map(({ channel, reason }) => `${channel} ${reason}`).sort(), [
        `group:${art} trimmed`,
        `group:${gym} trimmed`,
      ]);
      assert.equal(asked.filter((path) => path === '/api/board').length, 1, `one for all that was missed: ${asked}`);
    },
  );

  boardTest('after a crash of the hub the page fetches anew what it can’t know', { way }, async ({ school, open }) => {
    const ada = await school.as('ada');
    const group = await ada.start('Art room');
    await ada.checkIn(group, AMIR.id);
    const page = await open('ada');
    await isThere(page, 'Art room', AMIR);
    await school.hubProcess.crash();
    await page.locator('[data-status=reconnecting]').waitFor();
    const asked = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await school.again();
    await school.scan('Art room', BEA.tag);
    await isLive(page);
    await isThere(page, 'Art room', BEA);
    const { connections } = await school.stats();
    assert.equal(connections.active, 1);
    assert.ok(asked.filter((path) => path === '/api/board').length >= 1);
    assert.equal(await room(page, 'Art room').locator('[data-student]').count(), 2);
  });
}

boardTest(
  'while the hub is away the school works on, and afterwards nothing is missing',
  { way: 'beside' },
  async ({ school, open }) => {
    const ada = await school.as('ada');
    const group = await ada.start('Art room');
    const page = await open('ada');
    await school.hub.crash();
    await page.locator('[data-status=reconnecting]').waitFor();
    const before = performance.now();
    assert.equal((await school.scan('Art room', AMIR.tag)).changed, true);
    await ada.checkIn(group, BEA.id);
    const gym = await ada.start('Gym');
    assert.ok(performance.now() - before < 4_000, 'nobody waited for the hub');
    await school.app.says(/WARN the hub is away/);
    await school.again();
    await isLive(page);
    for (const one of [AMIR, BEA]) await isThere(page, 'Art room', one);
    await room(page, 'Gym').waitFor();
    await ada.checkIn(gym, CHIDI.id);
    await isThere(page, 'Gym', CHIDI);
  },
);

boardTest(
  'a right that was taken while the hub was away is taken when it is back',
  { way: 'beside' },
  async ({ school, open }) => {
    const [ada, ben] = [await school.as('ada'), await school.as('ben')];
    const group = await ada.start('Art room');
    await ada.add(group, 3);
    const page = await open('ben');
    await room(page, 'Art room').waitFor();
    const token = await ben.token();
    await school.hub.crash();
    await ada.remove(group, 3);
    await school.again();
    // Whoever kept a token of before has no more of it than the hub was told since.
    const reads = async () => {
      const headers = { Authorization: `Bearer ${token}` };
      const asked = get(`${school.hubUrl}/api/sse/stream`, { headers });
      const [answer] = await once(asked, 'response');
      const [text] = await once(answer, 'data');
      asked.destroy();
      // Not yet where the keys can't be had yet.
      if (answer.statusCode === 503) return null;
      assert.equal(answer.statusCode, 200);
      return JSON.parse(/data: (.*)\n/.exec(text.toString())[1]).channels;
    };
    await until(async () => (await reads())?.length === 0, 60_000);
    await isLive(page);
    await page.getByText('You supervise no room now.').waitFor();
    await school.scan('Art room', AMIR.tag);
    assert.equal(await room(page, 'Art room').count(), 0);
  },
);
