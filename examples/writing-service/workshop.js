// Hands out books to writers, keeps what they write, and gives a book whose writer died to the next.

import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { eventsOf, isDone, ordered } from './book.js';
import { Publisher } from './publisher.js';
import { channelOf } from './tokens.js';

const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));
/** A writer that can't even begin must not be started as fast as that goes. */
const AGAIN_AFTER_MS = 300;

export class Workshop {
  #books;
  #tokens;
  #given;
  #publisher;
  #waiting = [];
  /** Each writer's process, and the id of its book. */
  #writers = new Map();
  #stopped = false;

  constructor({ books, tokens, hubs, writers = 2, paceMs = 1_000 }) {
    this.#books = books;
    this.#tokens = tokens;
    this.#given = { hubs, paceMs };
    this.#publisher = new Publisher({ hubs });
    for (let number = 0; number < writers; number += 1) this.#hire();
    this.#waiting = books
      .all()
      .filter((book) => !isDone(book))
      .map(({ id }) => id);
    this.tellAgain();
  }

  /** Answers once the order is on the disk; hubs that are away keep nobody waiting. */
  async order(author, { title, chapters }) {
    const book = ordered({ id: randomUUID(), author, title, chapters });
    await this.#books.put(book);
    this.#tell(book);
    this.#waiting.push(book.id);
    this.#handOut();
    return book;
  }

  /** The hubs' log began anew: each book's state is told again, by whoever has the book. */
  tellAgain() {
    for (const book of this.#books.all()) if (!this.#isWritten(book.id)) this.#tell(book);
    for (const [writer, id] of this.#writers) if (id && writer.connected) writer.send({ again: true });
    this.#handOut();
  }

  /** The writers' process ids. */
  get pids() {
    return [...this.#writers].map(([{ pid }, book]) => ({ pid, book }));
  }

  async stop() {
    this.#stopped = true;
    this.#publisher.stop();
    const ended = [...this.#writers.keys()].map((writer) => new Promise((resolve) => writer.once('exit', resolve)));
    for (const writer of this.#writers.keys()) writer.kill('SIGTERM');
    await Promise.all(ended);
  }

  #hire() {
    if (this.#stopped) return;
    const writer = fork(WORKER, [JSON.stringify(this.#given)]);
    this.#writers.set(writer, null);
    writer.on('message', (message) => this.#heard(writer, message));
    // Said to one that has just died: its exit tells the rest.
    writer.on('error', () => {});
    writer.once('exit', () => {
      const book = this.#writers.get(writer);
      this.#writers.delete(writer);
      if (book) this.#waiting.unshift(book);
      setTimeout(() => this.#hire(), AGAIN_AFTER_MS).unref();
      this.#handOut();
    });
    this.#handOut();
  }

  async #heard(writer, { keep, done }) {
    // A writer that has died is heard no more: the next one may be further on.
    if (!this.#writers.has(writer)) return;
    if (keep) {
      await this.#books.put(keep);
      if (writer.connected) writer.send({ kept: true });
    }
    if (done) {
      this.#writers.set(writer, null);
      this.#handOut();
    }
  }

  async #handOut() {
    // What this process has to tell of a book comes before what its writer tells.
    await this.#publisher.idle;
    for (const [writer, book] of this.#writers) {
      if (book !== null || !writer.connected || this.#stopped || this.#waiting.length === 0) continue;
      const id = this.#waiting.shift();
      this.#writers.set(writer, id);
      const write = this.#books.get(id);
      writer.send({ write, token: this.#tokens.forJob(write.author) });
    }
  }

  #isWritten = (id) => [...this.#writers.values()].includes(id);

  #tell(book) {
    const token = this.#tokens.forJob(book.author);
    this.#publisher
      .publish(eventsOf(book, channelOf(book.author)), token)
      .catch((error) => console.error(error.message));
  }
}
