// For what has no handshake: asks again, with a bound.

const ASK_EVERY_MS = 20;

export async function until(holds, withinMs, otherwise = () => 'it never held') {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`after ${withinMs} ms: ${await otherwise()}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

/** For what tells its own end, and might not come to it. */
export function within(ms, promise, what = 'its end') {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
