import { useCallback, useEffect, useState } from 'preact/hooks';
import { useLooking } from '../looking.js';
import { ask, type Refusal } from './ask.js';

export interface Polled<T> {
  readonly data: T | null;
  /** `data` is of another address, until this one has answered. */
  readonly stale: boolean;
  /** Of this address alone. */
  readonly problem: Refusal | null;
  readonly again: () => void;
}

const AFTER_FAILURE_MS = 3_000;

/** Asks while somebody looks, `everyMs` after each answer; null asks nothing. */
export function usePolled<T>(path: string | null, everyMs: number): Polled<T> {
  const looking = useLooking();
  const [latest, setLatest] = useState<{ path: string | null; data: T | null }>({ path, data: null });
  const [failed, setFailed] = useState<{ path: string; problem: Refusal } | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === null || !looking) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async () => {
      let next = everyMs;
      try {
        const data = await ask<T>(path, { signal: abort.signal });
        // One that was called off may have come all the same: it is of another address, or older than what is shown.
        if (abort.signal.aborted) return;
        setLatest({ path, data });
        setFailed(null);
      } catch (problem) {
        if (abort.signal.aborted) return;
        setFailed({ path, problem: problem as Refusal });
        next = Math.max(everyMs, AFTER_FAILURE_MS);
      }
      if (!abort.signal.aborted) timer = setTimeout(poll, next);
    };
    void poll();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, looking, turn]);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  const problem = failed?.path === path ? failed.problem : null;
  return { data: latest.data, stale: latest.path !== path, problem, again };
}
