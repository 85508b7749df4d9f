/** Calls `apply` with the latest value, at once, and then at most once in `everyMs`. */
export function pacer<T>(
  apply: (value: T) => void,
  everyMs: number,
  now: () => number = () => performance.now(),
): (value: T) => void {
  let last = Number.NEGATIVE_INFINITY;
  let waiting: { value: T } | null = null;
  const run = (value: T) => {
    last = now();
    apply(value);
  };
  return (value) => {
    if (waiting) {
      waiting.value = value;
      return;
    }
    const left = last + everyMs - now();
    if (left <= 0) return run(value);
    waiting = { value };
    setTimeout(() => {
      const held = waiting;
      waiting = null;
      if (held) run(held.value);
    }, left);
  };
}
