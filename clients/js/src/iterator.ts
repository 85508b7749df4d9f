import type { Gap } from './event.js';

/** Joins a listener that pushes and a loop that pulls. Bounded: a loop that lags loses the oldest, and is told. */
export class Buffer<T> implements AsyncIterableIterator<T> {
  #waiting: T[] = [];
  #pulls: ((result: IteratorResult<T>) => void)[] = [];
  #ended = false;
  #max: number;
  #overflow: () => void;
  #end: () => void;

  constructor(max: number, overflow: () => void, end: () => void) {
    this.#max = max;
    this.#overflow = overflow;
    this.#end = end;
  }

  push(value: T): void {
    if (this.#ended) return;
    const pull = this.#pulls.shift();
    if (pull) return pull({ done: false, value });
    this.#waiting.push(value);
    if (this.#waiting.length > this.#max) {
      this.#waiting.shift();
      this.#overflow();
    }
  }

  /** What waits is still handed out. */
  close(): void {
    this.#ended = true;
    for (const pull of this.#pulls.splice(0)) pull({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#waiting.length > 0) return Promise.resolve({ done: false, value: this.#waiting.shift() as T });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#pulls.push(resolve);
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.#waiting = [];
    this.close();
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

export const overflowed = (channel: string): Gap => ({ channel, reason: 'overflow' });
