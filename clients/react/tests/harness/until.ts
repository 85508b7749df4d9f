// For what has no handshake: asks again, with a bound.

const ASK_EVERY_MS = 20;

export async function until(
  holds: () => boolean | Promise<boolean>,
  otherwise: () => string | Promise<string> = () => 'it never held',
  withinMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`after ${withinMs} ms: ${await otherwise()}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
