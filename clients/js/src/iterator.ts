/**
 * Joins a listener that pushes and a loop that pulls. `begin` starts the listener, whose end calls `end`, and answers
 * what ends it. Bounded: a loop that lags loses the oldest, and is told.
 */
export function looped<T>(
  max: number,
  overflow: () => void,
  begin: (push: (value: T) => void, end: () => void) => () => void,
): AsyncIterableIterator<T> {
  const waiting: T[] = [];
  let ended = false;
  let wake = () => {};
  const push = (value: T) => {
    if (waiting.push(value) > max) {
      waiting.shift();
      overflow();
    }
    wake();
  };
  const leave = begin(push, () => {
    ended = true;
    wake();
  });
  const loop = (async function* () {
    for (;;) {
      // What waits is handed out also after the end.
      while (waiting.length > 0) yield waiting.shift() as T;
      if (ended) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  })();
  for (const way of ['return', 'throw'] as const) {
    const stop = loop[way];
    loop[way] = (value) => {
      waiting.length = 0;
      leave();
      return stop.call(loop, value);
    };
  }
  return loop;
}
