// Writers that die in the middle of a book, and services that do.

import { Books } from '../books.js';
import { startServer } from '../server.js';
import { assert, BOOK_MS, SOON_MS, serviceTest, until, upTo } from './fixture.js';

const CHAPTERS = 8;

serviceTest(
  'a writer is killed again and again: the book is finished, each chapter told once',
  {},
  async ({ scene }) => {
    const { workshop } = scene.server;
    const book = await workshop.order('ann', { title: 'Tides', chapters: CHAPTERS });
    const killed = new Set();
    for (const step of [1, 4, 7]) {
      const writer = () => workshop.pids.find(({ book: id, pid }) => id === book.id && !killed.has(pid));
      const isThere = async () => writer() && (await lastStep(scene, book)) >= step;
      await until(isThere, BOOK_MS, () => `step ${step} is not told`);
      const { pid } = writer();
      killed.add(pid);
      process.kill(pid, 'SIGKILL');
    }
    await scene.untilDone(book);
    await saysEachOnce(scene, book);
    assert.equal(killed.size, 3);
  },
);

serviceTest('orders that are given while every hub is away are told when one is back', {}, async ({ scene }) => {
  const { hubs } = scene.cluster;
  await Promise.all(hubs.map((hub) => hub.down('SIGKILL')));
  const book = await scene.server.workshop.order('ann', { title: 'Salt', chapters: CHAPTERS });
  await hubs[1].up();
  await scene.untilDone(book, hubs[1]);
  await hubs[0].up();
  await until(
    async () => (await lastStep(scene, book)) === CHAPTERS + 3,
    SOON_MS,
    () => 'the hub that came later has it',
  );
  await saysEachOnce(scene, book);
});

serviceTest('a service that is started again goes on with its books', {}, async ({ scene }) => {
  const book = await scene.server.workshop.order('ann', { title: 'Snow', chapters: CHAPTERS });
  await until(
    async () => (await lastStep(scene, book)) >= 3,
    BOOK_MS,
    () => 'nothing is written',
  );
  await scene.server.stop();
  const kept = await Books.open(`${scene.dataDir}/books.json`);
  assert.ok(kept.get(book.id).step < CHAPTERS + 3, 'it is not done yet');
  scene.server = await startServer(scene.given);
  await scene.untilDone(book);
  await saysEachOnce(scene, book);
});

async function lastStep(scene, { id, author }) {
  const states = (await scene.held(author)).filter(({ type, data }) => type === 'progress' && data.id === id);
  return states.at(-1)?.data.step ?? -1;
}

async function saysEachOnce(scene, { id, author }) {
  const events = await scene.held(author);
  const chapters = events.filter(({ type, data }) => type === 'chapter' && data.book === id);
  assert.deepEqual(
    chapters.map(({ data }) => data.number),
    upTo(CHAPTERS),
  );
  assert.equal(events.filter(({ type }) => type === 'progress').length, 1, 'of the states the latest alone is kept');
}
