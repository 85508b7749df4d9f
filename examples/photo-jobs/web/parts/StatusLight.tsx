import type { Snapshot } from '@tidings/client';
import { useEffect, useState } from 'react';
import { useConnectionStatus, useTidings } from '../live';

/** Whether the page is live: by a light, and always by words beside it. */
export function StatusLight() {
  const client = useTidings();
  const snapshot = useConnectionStatus();
  const now = useSeconds(snapshot.retryAt !== null);
  const { light, words } = told(snapshot, now);
  return (
    <div className="status" data-status={snapshot.status}>
      <span className={`light ${light}`} aria-hidden="true" />
      <span role="status">{words}</span>
      {snapshot.retryAt !== null && (
        <button type="button" className="quiet" onClick={() => client.reconnect()}>
          Try now
        </button>
      )}
    </div>
  );
}

function told({ status, retryAt, error }: Snapshot, now: number): { light: 'green' | 'yellow' | 'red'; words: string } {
  switch (status) {
    case 'connected':
      return { light: 'green', words: 'Live' };
    case 'idle':
    case 'connecting':
      return { light: 'yellow', words: 'Connecting …' };
    case 'suspended':
      return { light: 'yellow', words: 'Paused while this page is away' };
    case 'reconnecting': {
      // Announced in steps of five seconds, not at each one of them.
      const seconds = retryAt === null ? 0 : Math.ceil((retryAt - now) / 5_000) * 5;
      return {
        light: 'yellow',
        words: seconds > 0 ? `Not live. Tries again within ${seconds} s` : 'Not live. Trying …',
      };
    }
    case 'failed':
      return { light: 'red', words: `Not live${error ? `: ${error.message}` : ''}` };
    case 'closed':
      return { light: 'red', words: 'Closed' };
  }
}

/** The time, as long as somebody counts down. */
function useSeconds(running: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
