// All books, in one file: written beside it and renamed into place, so that a crash leaves the old one or the new one.

import { readFile, rename, writeFile } from 'node:fs/promises';

export class Books {
  #path;
  #books;
  #saving = Promise.resolve();

  static async open(path) {
    const text = await readFile(path, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    });
    return new Books(path, new Map(JSON.parse(text).map((book) => [book.id, book])));
  }

  constructor(path, books) {
    this.#path = path;
    this.#books = books;
  }

  all = () => [...this.#books.values()];
  of = (author) => this.all().filter((book) => book.author === author);
  get = (id) => this.#books.get(id);

  /** Resolves when it is on the disk. */
  put(book) {
    this.#books.set(book.id, book);
    const text = JSON.stringify(this.all());
    this.#saving = this.#saving.then(async () => {
      await writeFile(`${this.#path}.new`, text, { flush: true });
      await rename(`${this.#path}.new`, this.#path);
    });
    return this.#saving;
  }
}
