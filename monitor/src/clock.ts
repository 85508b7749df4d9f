import { type ComponentChildren, createContext, createElement } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';

/** The hub's time, in whole seconds' steps, so that ages agree with the hub's books however this machine's clock is set. */
const Now = createContext(0);
export const useNow = (): number => useContext(Now);

let aheadMs = 0;

/** The hub said what time it has. */
export function heard(time: number): void {
  const measured = time - Date.now();
  // What the answer took on its way must not make each second a little longer or shorter than the last.
  if (Math.abs(measured - aheadMs) > 500) aheadMs = measured;
}

/** What time the hub has. */
export const hubNow = (): number => Date.now() + aheadMs;

/**
 * Ticks for those below it that ask `useNow`: a text here and there is drawn again each second, and nothing around it.
 */
export function Clock({ children }: { children: ComponentChildren }) {
  const [now, setNow] = useState(hubNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(hubNow()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return createElement(Now.Provider, { value: now, children });
}
