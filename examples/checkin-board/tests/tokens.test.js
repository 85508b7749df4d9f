// Tokens that live for 15 minutes, in a session of an hour: here for seconds.

import assert from 'node:assert/strict';
import { until } from '../../../e2e/harness/until.js';
import { AMIR, BEA, boardTest, CHIDI, isGone, isLive, isThere, room, STAFF, signIn, WAYS } from './harness/fixture.js';
import { heard } from './harness/tap.js';

// The hub looks at the clock in steps, and a busy machine wakes late.
const LATE_MS = 5_000;
const GONE_WITHIN_MS = 1_000;
const RENEWALS = 2;

for (const way of WAYS) {
  boardTest(
    'a token is renewed on the live stream, again and again, without a reconnect',
    // A quarter of it and the leeway are left when the page is told: a busy machine has time to renew it.
    { way, settings: { token_seconds: 6, leeway_ms: 3_000 } },
    async ({ school, open }) => {
      const ada = await school.as('ada');
      const page = await open('ada');
      // What the first token did not say: it stays when nothing but its successors says so.
      const group = await ada.start('Art room');
      await room(page, 'Art room').waitFor();
      let renewals = 0;
      page.on('response', (answer) => {
        if (answer.url().endsWith('/api/sse/refresh') && answer.status() === 200) renewals += 1;
      });
      const [{ id }] = await school.connections();
      // While it is renewed, somebody comes and goes.
      let comings = 0;
      await until(async () => {
        await ada.checkIn(group, AMIR.id);
        await isThere(page, 'Art room', AMIR);
        await ada.checkOut(group, AMIR.id);
        await isGone(page, 'Art room', AMIR);
        comings += 1;
        return renewals >= RENEWALS;
      }, 60_000);
      await ada.checkIn(group, BEA.id);
      await isThere(page, 'Art room', BEA);

      assert.deepEqual(
        (await school.connections()).map(({ id }) => id),
        [id],
        'the same connection, long after its first token',
      );
      const { connections, events } = await school.stats();
      assert.deepEqual([connections.opened_total, events.gaps_total], [1, 0]);
      const told = (await heard(page)).filter(({ type }) => type.startsWith('student_'));
      assert.equal(told.length, 2 * comings + 1, 'each coming and going was heard once');
    },
  );

  boardTest(
    'a stream ends no later than its token; the page gets a new one, and has missed nothing',
    { way, settings: { token_seconds: 3, leeway_ms: 1_000 } },
    async ({ school, open }) => {
      await (await school.as('ada')).start('Art room');
      // Whoever can't renew, as a laptop that slept.
      const page = await open('ada', { before: (page) => page.route('**/api/sse/refresh', (route) => route.abort()) });
      const first = () => page.evaluate(() => window.streams[0]);
      await until(async () => (await first()).endedAt !== null, 60_000);
      await school.scan('Art room', AMIR.tag);
      await isThere(page, 'Art room', AMIR);

      const { token, endedAt, text } = await first();
      const expiresAt = JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).exp * 1_000;
      assert.ok(endedAt <= expiresAt + 1_000 + LATE_MS, `ended ${endedAt - expiresAt} ms after its token`);
      assert.ok(endedAt >= expiresAt, 'and not before');
      assert.match(text, /event: expiring\n.*event: closing\ndata: {"reason":"expired","reconnect":true/s);
      await isLive(page);
      const { opened_total: opened, closed_total: closed } = (await school.stats()).connections;
      assert.ok(opened >= 2 && closed.expired >= 1, JSON.stringify(closed));
      assert.equal((await school.stats()).events.gaps_total, 0);
    },
  );

  boardTest(
    'when the session has ended too, the user signs in again',
    { way, sameEitherWay: true, settings: { token_seconds: 2, session_seconds: 5, leeway_ms: 500 } },
    async ({ school, open }) => {
      const ada = await school.as('ada');
      await ada.start('Art room');
      const page = await open('ada');
      await room(page, 'Art room').waitFor();
      await page.getByText('Your session has ended. Sign in again.').waitFor();
      await school.settlesAt(0);
      await assert.rejects(ada.token(), /401/, 'and gets no more tokens');
      await school.scan('Art room', AMIR.tag);
      await signIn(page, 'ada');
      await isLive(page);
      await isThere(page, 'Art room', AMIR);
    },
  );

  boardTest(
    'who is locked out is out at once, by a red light, and their token is refused',
    { way },
    async ({ school, open }) => {
      const [ada, office] = [await school.as('ada'), await school.as('office')];
      await ada.start('Art room');
      const token = await ada.token();
      const [page, chief] = [await open('ada'), await open('office')];
      await room(page, 'Art room').waitFor();
      const before = Date.now();
      await chief.getByRole('button', { name: 'Lock Ada Adams' }).click();
      await page.locator('[data-status=failed][data-light=red]').waitFor();
      const { endedAt, text } = await page.evaluate(() => window.streams[0]);
      assert.ok(endedAt - before < GONE_WITHIN_MS + LATE_MS, `${endedAt - before} ms`);
      assert.match(text, /event: closing\ndata: {"reason":"revoked","reconnect":false/);
      assert.equal(await page.getByRole('status').innerText(), 'Not live: your access was withdrawn');
      assert.ok(page.said.at(-1).startsWith('check-in board: connected → failed'), page.said.join('\n'));

      const headers = { Authorization: `Bearer ${token}` };
      const refused = await fetch(`${school.hubUrl}/api/sse/stream`, { headers });
      assert.equal(refused.status, 401, 'a token of before');
      await school.scan('Art room', AMIR.tag);

      await page.getByRole('button', { name: 'Sign in again' }).click();
      await signIn(page, 'ada');
      await page.getByRole('alert').getByText('this account is locked: ask the office').waitFor();
      await office.unlock(STAFF.ada);
      assert.ok(!(await heard(page)).some(({ data }) => data.data?.data?.student_name === AMIR.name));
      await signIn(page, 'ada');
      await page.locator('[data-status=connected][data-light=green]').waitFor();
      await isThere(page, 'Art room', AMIR);
    },
  );

  boardTest('a sign-out ends all streams of that session at once, and no other', { way }, async ({ school, open }) => {
    const ada = await school.as('ada');
    await ada.start('Art room');
    const [page, elsewhere] = [await open('ada'), await open('ada')];
    // Another tab of the same window has the same session, and a token of its own.
    const tab = await page.context().newPage();
    await tab.goto(school.url);
    await isLive(tab);
    const token = await tab.evaluate(() => window.streams[0].token.split(' ')[1]);
    assert.equal(await school.admits(token), 200);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out.').waitFor();
    const before = Date.now();
    await tab.locator('[data-status=failed][data-light=red]').waitFor();
    const { endedAt, text } = await tab.evaluate(() => window.streams[0]);
    assert.ok(endedAt - before < GONE_WITHIN_MS + LATE_MS, `${endedAt - before} ms`);
    assert.match(text, /event: closing\ndata: {"reason":"revoked","reconnect":false/);
    assert.equal(await school.admits(token), 401);

    await school.settlesAt(1);
    await school.scan('Art room', AMIR.tag);
    await isThere(elsewhere, 'Art room', AMIR);
    assert.equal(await elsewhere.evaluate(() => window.streams.length), 1, 'on the stream that it had');
    // And in again, with a session of its own.
    await tab.getByRole('button', { name: 'Sign in again' }).click();
    await signIn(tab, 'ada');
    await isLive(tab);
    await isThere(tab, 'Art room', AMIR);
  });

  boardTest(
    'a token that the hub refuses, with its successor, is a red light',
    { way, sameEitherWay: true },
    async ({ school, open }) => {
      await (await school.as('ada')).start('Art room');
      const page = await open('ada');
      const revoked = await school.operate('revocations', 'POST', { user: String(STAFF.ada) });
      assert.equal(revoked.status, 200);
      await page.locator('[data-status=failed]').waitFor();
      const statuses = [];
      page.on('response', (answer) => answer.url().includes('/api/sse/stream') && statuses.push(answer.status()));
      // A page that was open elsewhere, or was reloaded: nothing tells it but the hub's answer.
      await page.reload();
      await page.locator('[data-status=failed][data-light=red]').waitFor();
      assert.equal(await page.getByRole('status').innerText(), 'Not live: your access was withdrawn');
      assert.deepEqual(statuses, [401, 401], 'once more with a fresh one, and no more');
      await room(page, 'Art room').waitFor();
    },
  );
}

boardTest(
  'a sign-out while the hub is away is told to it when it is back',
  { way: 'beside' },
  async ({ school, open }) => {
    const [ada, still] = [await school.as('ada'), await school.as('ada')];
    const [over, good] = [await ada.token(), await still.token()];
    const page = await open('ada');
    await school.hub.crash();
    await ada.signOut();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out.').waitFor();
    await school.again();
    // 200 as long as it has not heard of it, and 503 as long as it has not our keys.
    await until(async () => (await school.admits(over)) === 401, 60_000);
    assert.equal(await school.admits(good), 200);
  },
);

boardTest('who can’t be signed out is told so, and sees no board', {}, async ({ school, open }) => {
  await (await school.as('ada')).start('Art room');
  const page = await open('ada');
  await page.route('**/api/session', (route) => route.abort());
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are not signed out: The server can’t be reached.').waitFor();
  assert.equal(await room(page, 'Art room').count(), 0);
  await school.settlesAt(0);
});

boardTest(
  'another user at the same tablet has another stream, and nothing of the first one’s',
  {},
  async ({ school, open }) => {
    const [ada, ben] = [await school.as('ada'), await school.as('ben')];
    await ada.start('Art room');
    const gym = await ben.start('Gym');
    const page = await open('ada');
    await room(page, 'Art room').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await signIn(page, 'ben');
    await isLive(page);
    await room(page, 'Gym').waitFor();
    assert.equal(await room(page, 'Art room').count(), 0);
    await school.scan('Art room', AMIR.tag);
    await ben.checkIn(gym, CHIDI.id);
    await isThere(page, 'Gym', CHIDI);
    await ben.checkOut(gym, CHIDI.id);
    await isGone(page, 'Gym', CHIDI);
    const [{ user }] = await school.connections();
    assert.equal(user, String(STAFF.ben));
  },
);
