import { useEffect, useRef, useState } from 'preact/hooks';
import { heard } from '../clock.js';
import { pacer } from '../pace.js';
import { ask } from './ask.js';
import { useChannel, useConnectionStatus } from './client.js';
import type { Stats } from './types.js';

export interface Latest {
  readonly stats: Stats | null;
  /** When it came, on this machine's clock. */
  readonly at: number;
}

const APPLY_EVERY_MS = 1_000;
const ASK_EVERY_MS = 2_000;

/** The books, as the hub pushes them; asked for while there is no stream, as when the hub is draining. */
export function useStats(): Latest {
  const [latest, setLatest] = useState<Latest>({ stats: null, at: 0 });
  const connected = useConnectionStatus((snapshot) => snapshot.status === 'connected');
  const pushed = useRef(false);
  const take = useRef(
    pacer((stats: Stats) => {
      heard(stats.now);
      setLatest({ stats, at: Date.now() });
    }, APPLY_EVERY_MS),
  ).current;
  useChannel('$hub/stats', (event) => {
    pushed.current = true;
    take(event.data as Stats);
  });
  useEffect(() => {
    pushed.current = pushed.current && connected;
    const abort = new AbortController();
    const timer = setInterval(() => {
      if (!pushed.current) ask<Stats>('stats', { signal: abort.signal }).then(take, () => {});
    }, ASK_EVERY_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [connected, take]);
  return latest;
}
