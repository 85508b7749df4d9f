import { useCallback, useState } from 'preact/hooks';
import { type Ask, ask, type Refusal } from './ask.js';

export interface Deed<T> {
  readonly busy: boolean;
  readonly done: T | null;
  readonly problem: Refusal | null;
  readonly run: (path: string, how: Ask) => Promise<boolean>;
}

/** Something that an operator does: once at a time, and what came of it. */
export function useDeed<T>(): Deed<T> {
  const [state, setState] = useState<{ busy: boolean; done: T | null; problem: Refusal | null }>({
    busy: false,
    done: null,
    problem: null,
  });
  const run = useCallback(async (path: string, how: Ask) => {
    setState({ busy: true, done: null, problem: null });
    try {
      const done = await ask<T>(path, how);
      setState({ busy: false, done, problem: null });
      return true;
    } catch (problem) {
      setState({ busy: false, done: null, problem: problem as Refusal });
      return false;
    }
  }, []);
  return { ...state, run };
}
