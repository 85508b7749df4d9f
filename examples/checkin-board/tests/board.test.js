// Boards by permission: who sees what, and how that changes while they look.

import assert from 'node:assert/strict';
import { until } from '../../../e2e/harness/until.js';
import {
  AMIR,
  BEA,
  boardTest,
  CHIDI,
  cut,
  isGone,
  isLive,
  isThere,
  room,
  STAFF,
  student,
  WAYS,
} from './harness/fixture.js';
import { heard } from './harness/tap.js';

for (const way of WAYS) {
  boardTest(
    'a check-in at a reader is on the boards of that room, and on no other',
    { way },
    async ({ school, open }) => {
      const [ada, ben] = [await school.as('ada'), await school.as('ben')];
      const [art, gym] = [await ada.start('Art room'), await ben.start('Gym')];
      const [one, other] = [await open('ada'), await open('ben')];
      await room(one, 'Art room').waitFor();
      await room(other, 'Gym').waitFor();

      await school.scan('Art room', AMIR.tag);
      await isThere(one, 'Art room', AMIR);
      await school.scan('Gym', BEA.tag);
      await isThere(other, 'Gym', BEA);
      // A student is in one place: who comes to one room has left the other.
      await school.scan('Gym', AMIR.tag);
      await isThere(other, 'Gym', AMIR);
      await isGone(one, 'Art room', AMIR);
      await school.scan('Gym', AMIR.tag, 'checkout');
      await isGone(other, 'Gym', AMIR);

      assert.deepEqual(await groupsHeard(one), [art], 'nothing of another group has reached the page');
      assert.deepEqual(await groupsHeard(other), [gym]);
      assert.equal((await school.connections()).length, 2);
    },
  );

  boardTest(
    'an event has what a board shows, and nothing else of a student',
    { way, sameEitherWay: true },
    async ({ school, open }) => {
      const group = await (await school.as('ada')).start('Art room');
      const page = await open('ada');
      await school.scan('Art room', AMIR.tag);
      await isThere(page, 'Art room', AMIR);
      await school.scan('Art room', AMIR.tag, 'checkout');
      await isGone(page, 'Art room', AMIR);
      const told = (await heard(page)).filter(({ type }) => type.startsWith('student_'));
      assert.deepEqual(
        told.map(({ type }) => type),
        ['student_checkin', 'student_checkout'],
      );
      for (const { type, data: envelope } of told) {
        const { timestamp, ...event } = envelope.data;
        const data = { student_id: AMIR.id, student_name: AMIR.name };
        assert.deepEqual(event, { type, active_group_id: group, data });
        assert.ok(Math.abs(Date.now() - timestamp) < 60_000, 'milliseconds since 1970');
      }
    },
  );

  boardTest('rights change while people look, on the stream that they have', { way }, async ({ school, open }) => {
    const [ada, ben] = [await school.as('ada'), await school.as('ben')];
    const [one, other] = [await open('ada'), await open('ben')];
    const names = async () => (await school.connections()).map(({ id }) => id).sort();
    const before = await names();
    await one.getByText('You supervise no room now.').waitFor();

    // A session starts: whoever started it sees it, without doing anything.
    await one.getByLabel('Room', { exact: true }).selectOption('Art room');
    await one.getByLabel('Activity').fill('Painting');
    await one.getByRole('button', { name: 'Start', exact: true }).click();
    await room(one, 'Art room').getByText('Painting').waitFor();
    await school.scan('Art room', AMIR.tag);
    await isThere(one, 'Art room', AMIR);
    const [{ active_group_id: art }] = (await ada.board()).groups;

    // A colleague is added: all that is there is on their board, and what comes.
    await room(one, 'Art room').locator('summary').click();
    await room(one, 'Art room').getByLabel('Colleague for Art room').selectOption('Ben Brook');
    await room(one, 'Art room').getByRole('button', { name: 'Add', exact: true }).click();
    await isThere(other, 'Art room', AMIR);
    await school.scan('Art room', BEA.tag);
    await isThere(other, 'Art room', BEA);

    // The colleague leaves: the room is gone from their board, and what comes does not reach them.
    await room(other, 'Art room').locator('summary').click();
    await room(other, 'Art room').getByRole('button', { name: 'Leave' }).click();
    await room(other, 'Art room').waitFor({ state: 'detached' });
    await tells(other, 'unsubscribed');
    await school.scan('Art room', CHIDI.tag);
    await isThere(one, 'Art room', CHIDI);

    // Added again, the board has what they missed meanwhile.
    await ada.add(art, STAFF.ben);
    await isThere(other, 'Art room', CHIDI);

    // The session ends, for both.
    await ben.end(art);
    for (const page of [one, other]) await page.getByText('You supervise no room now.').waitFor();
    // Their end is told before the right goes, and what is not written by then goes with it: this alone is sure.
    for (const [page, times] of [
      [one, 1],
      [other, 2],
    ]) {
      await tells(page, 'unsubscribed', times);
    }

    assert.deepEqual(await names(), before, 'all of it on the two connections of the beginning');
    const chidi = (await heard(other)).filter(({ data }) => data.data?.data?.student_name === CHIDI.name);
    assert.deepEqual(chidi, [], 'what happened while they had left did not reach them');
  });

  boardTest(
    'a room goes with its channel, though its end is not heard and the server can’t be asked',
    { way },
    async ({ school, open }) => {
      const ada = await school.as('ada');
      const [art, gym] = [await ada.start('Art room'), await ada.start('Gym')];
      await ada.add(art, STAFF.ben);
      await ada.add(gym, STAFF.ben);
      const page = await open('ben');
      for (const name of ['Art room', 'Gym']) await room(page, name).waitFor();
      await page.route('**/api/board', (route) => route.abort());
      // Of this the page is told nothing but that the channel is gone.
      await ada.remove(art, STAFF.ben);
      await room(page, 'Art room').waitFor({ state: 'detached' });
      await page.getByRole('alert').getByText('The board can’t be shown: The server can’t be reached.').waitFor();
      await school.scan('Gym', AMIR.tag);
      await isThere(page, 'Gym', AMIR);
      // And of this while its stream is cut.
      await page.context().setOffline(true);
      await cut(page, school);
      await ada.end(gym);
      await page.context().setOffline(false);
      await isLive(page);
      await page.getByText('You supervise no room now.').waitFor();
      await page.unroute('**/api/board');
      await ada.add(await ada.start('Library'), STAFF.ben);
      await room(page, 'Library').waitFor();
      await page.getByRole('alert').waitFor({ state: 'detached' });
    },
  );

  boardTest(
    'a room that was handed over can start again, with another channel',
    { way, sameEitherWay: true },
    async ({ school, open }) => {
      const [ada, ben] = [await school.as('ada'), await school.as('ben')];
      const first = await ada.start('Library');
      const page = await open('ada');
      await room(page, 'Library').waitFor();
      await ada.end(first);
      await page.getByText('You supervise no room now.').waitFor();
      const second = await ben.start('Library');
      assert.notEqual(second, first, 'a number names one session for ever');
      await school.scan('Library', AMIR.tag);
      await ada.start('Gym');
      await room(page, 'Gym').waitFor();
      assert.equal(await room(page, 'Library').count(), 0);
      assert.ok(!(await groupsHeard(page)).includes(second));
    },
  );

  boardTest(
    'who supervises nothing has a stream with heartbeats alone',
    // The page gives up a stream that is silent for two and a half: a busy machine is no silence.
    { way, sameEitherWay: true, settings: { heartbeat_ms: 2_000 } },
    async ({ school, open }) => {
      const ben = await school.as('ben');
      await ben.start('Gym');
      const page = await open('ada');
      await page.getByText('You supervise no room now.').waitFor();
      await school.settlesAt(1);
      const [{ channels, user }] = await school.connections();
      assert.deepEqual([channels, user], [[], String(STAFF.ada)]);
      await school.scan('Gym', AMIR.tag);
      const beats = () => page.evaluate(() => window.streams[0].text.split(': heartbeat').length - 1);
      await until(async () => (await beats()) >= 3, 30_000);
      assert.deepEqual(
        (await heard(page)).map(({ type }) => type),
        ['connected'],
      );
      await school.hubProcess.says(/INFO no channels granted user=2$/);
    },
  );

  boardTest(
    'a check-in by hand shows on the others’ boards, and undone, too',
    { way, sameEitherWay: true },
    async ({ school, open }) => {
      const ada = await school.as('ada');
      await ada.add(await ada.start('Music room'), STAFF.ben);
      const [one, other] = [await open('ada'), await open('ben')];
      await room(one, 'Music room').getByLabel('Student for Music room').selectOption(CHIDI.name);
      await room(one, 'Music room').getByRole('button', { name: 'Check in' }).click();
      for (const page of [one, other]) await isThere(page, 'Music room', CHIDI);
      await room(other, 'Music room').locator('.present', { hasText: '1 here' }).waitFor();
      await other.getByRole('log').getByText('Chidi Okafor has come to Music room').waitFor({ state: 'attached' });
      await other.getByRole('button', { name: 'Check out Chidi Okafor' }).click();
      for (const page of [one, other]) await isGone(page, 'Music room', CHIDI);
      await one.getByRole('log').getByText('Chidi Okafor has left Music room').waitFor({ state: 'attached' });
    },
  );

  boardTest('the log can be read by an operator', { way }, async ({ school, open }) => {
    const ada = await school.as('ada');
    const group = await ada.start('Art room');
    const { hubProcess: hub } = school;
    await hub.says(new RegExp(`DEBUG no subscribers channel=group:${group} type=activity_start$`));
    const page = await open('ada');
    await hub.says(new RegExp(`INFO client connected user=2 channels=group:${group} total=1$`));
    await school.scan('Art room', AMIR.tag);
    await hub.says(new RegExp(`DEBUG event published channel=group:${group} type=student_checkin recipients=1$`));
    await isThere(page, 'Art room', AMIR);
    await page.close({ runBeforeUnload: true });
    // Its beacon, or the end of its socket, whichever the hub had first.
    await hub.says(/INFO client disconnected user=2 reason=(disconnected|client_left) total=0$/);
    assert.equal(hub.said.filter((line) => line.includes('Amir')).length, 0, 'no payload is in the log');
  });
}

boardTest('a birthday or an address is refused, and sent to nobody', { way: 'beside' }, async ({ school, open }) => {
  const group = await (await school.as('ada')).start('Art room');
  const page = await open('ada');
  const data = { student_id: AMIR.id, student_name: AMIR.name };
  const event = { type: 'student_checkin', active_group_id: group, data, timestamp: Date.now() };
  const publish = async (data) => {
    const answer = await school.operate('publish', 'POST', {
      channel: `group:${group}`,
      type: 'student_checkin',
      data,
    });
    return [answer.status, await answer.text()];
  };
  for (const [name, value] of [
    ['birthday', '2016-04-01'],
    ['address', '1 School Lane'],
  ]) {
    for (const more of [
      { ...event, data: { ...data, [name]: value } },
      { ...event, [name]: value },
    ]) {
      const [status, text] = await publish(more);
      assert.equal(status, 422, text);
      assert.match(text, new RegExp(`"pointer":"(/data)?/${name}"`), 'the field is named');
      assert.ok(!text.includes(value) && !school.hub.said.some((line) => line.includes(value)), 'and its value is not');
    }
  }
  assert.equal((await publish(event))[0], 200);
  await isThere(page, 'Art room', AMIR);
  assert.equal((await heard(page)).filter(({ type }) => type === 'student_checkin').length, 1);
});

boardTest('reloaded, left and come back to: one tab is one connection', {}, async ({ school, open }) => {
  await (await school.as('ada')).start('Art room');
  const page = await open('ada');
  for (let reload = 0; reload < 3; reload += 1) {
    await page.reload();
    await isLive(page);
  }
  await school.settlesAt(1);
  await school.scan('Art room', AMIR.tag);
  await isThere(page, 'Art room', AMIR);
  assert.equal(await student(page, 'Art room', AMIR).count(), 1);
});

const groupsHeard = async (page) => [
  ...new Set((await heard(page)).flatMap(({ data }) => data.data?.active_group_id ?? [])),
];

const tells = (page, type, times = 1) =>
  until(
    async () => (await heard(page)).filter((event) => event.type === type).length >= times,
    30_000,
    async () => JSON.stringify(await heard(page)),
  );
