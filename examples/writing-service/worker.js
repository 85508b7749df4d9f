// A writer, in a process of its own: takes a book where it stands, and goes on with it step by step. A step is saved
// first and told after, so that who takes the book up after a crash tells the last step again, with the same ids.

import { setTimeout as pause } from 'node:timers/promises';
import { advanced, eventsOf, isDone } from './book.js';
import { Publisher } from './publisher.js';
import { channelOf } from './tokens.js';

const { hubs, paceMs } = JSON.parse(process.argv[2]);
const publisher = new Publisher({ hubs });
let kept = () => {};
let tell = () => {};

process.on('message', (message) => {
  if (message.write) write(message.write, message.token).catch(giveUp);
  if (message.kept) kept();
  if (message.again) tell();
});
// Without the workshop nobody would save what is written.
process.on('disconnect', () => process.exit());

async function write(taken, token) {
  let book = taken;
  // In the publisher's order: what is told again is never older than what was told before.
  tell = () => publisher.publish(eventsOf(book, channelOf(book.author)), token).catch(giveUp);
  await tell();
  while (!isDone(book)) {
    await pause(paceMs);
    const next = advanced(book);
    await keep(next);
    book = next;
    await tell();
  }
  tell = () => {};
  process.send({ done: book.id });
}

function keep(book) {
  return new Promise((resolve) => {
    kept = resolve;
    process.send({ keep: book });
  });
}

/** The workshop starts another, which takes the book up. */
function giveUp(error) {
  console.error(`a writer gives up: ${error.message}`);
  process.exit(1);
}
