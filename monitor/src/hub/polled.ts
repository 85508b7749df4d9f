import { useCallback, useEffect, useState } from 'preact/hooks';
import { useLooking } from '../looking.js';
import { ask, type Refusal } from './ask.js';

export interface Polled<T> {
  readonly data: T | null;
  /** `data` is of another address, until this one has answered. */
  readonly stale: boolean;
  readonly problem: Refusal | null;
  readonly again: () => void;
}

const AFTER_FAILURE_MS = 3_000;

/** Asks while somebody looks, `everyMs` after each answer; null asks nothing. */
export function usePolled<T>(path: string | null, everyMs: number): Polled<T> {
  const looking = useLooking();
  const [state, setState] = useState<{ path: string | null; data: T | null; problem: Refusal | null }>({
    path,
    data: null,
    problem: null,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === null || !looking) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async () => {
      let next = everyMs;
      try {
        const data = await ask<T>(path, { signal: abort.signal });
        setState({ path, data, problem: null });
      } catch (problem) {
        if (abort.signal.aborted) return;
        setState((before) => ({ ...before, problem: problem as Refusal }));
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
  return { data: state.data, stale: state.path !== path, problem: state.problem, again };
}
