import type { Snapshot } from '@tidings/client';
import { useEffect, useRef, useState } from 'react';
import { useConnectionStatus, useTidings } from '../live';

/** Whether the page is live: by a light with a shape of its own, and always by words beside it. */
export function StatusLight({ signInAgain }: { signInAgain: () => void }) {
  const client = useTidings();
  const snapshot = useConnectionStatus();
  const now = useSeconds(snapshot.retryAt !== null);
  const { light, words } = told(snapshot, now);
  useConsoleLine(snapshot);
  const { status, retryAt, error } = snapshot;
  const isShutOut = status === 'failed' && (error?.reason === 'revoked' || error?.status === 401);
  return (
    <div className="status" data-status={status} data-light={light}>
      <span className={`light ${light}`} aria-hidden="true" />
      <span role="status">{words}</span>
      {(retryAt !== null || (status === 'failed' && !isShutOut)) && (
        <button type="button" className="quiet" onClick={() => client.reconnect()}>
          Try now
        </button>
      )}
      {isShutOut && (
        <button type="button" className="quiet" onClick={signInAgain}>
          Sign in again
        </button>
      )}
    </div>
  );
}

type Light = 'green' | 'yellow' | 'red';

function told({ status, retryAt, error }: Snapshot, now: number): { light: Light; words: string } {
  switch (status) {
    case 'connected':
      return { light: 'green', words: 'Live' };
    case 'idle':
    case 'connecting':
      return { light: 'yellow', words: 'Connecting …' };
    case 'suspended':
      return { light: 'yellow', words: 'Paused while this page is away' };
    case 'reconnecting':
      return { light: 'yellow', words: `Not live. ${again(retryAt, now)}` };
    case 'failed':
      return { light: 'red', words: failed(error, retryAt, now) };
    case 'closed':
      return { light: 'red', words: 'Closed' };
  }
}

function failed(error: Snapshot['error'], retryAt: number | null, now: number): string {
  if (error?.code === 'unsupported') {
    return 'This browser can’t show changes as they happen. Reload the page to see them, or use another browser.';
  }
  if (error?.reason === 'revoked' || error?.status === 401) return 'Not live: your access was withdrawn';
  if (retryAt !== null) return `No connection. What you see may be old. ${again(retryAt, now)}`;
  return `Not live: ${error?.message ?? 'given up'}`;
}

/** Announced in steps of five seconds, not at each one of them. */
function again(retryAt: number | null, now: number): string {
  const seconds = retryAt === null ? 0 : Math.ceil((retryAt - now) / 5_000) * 5;
  return seconds > 0 ? `Tries again within ${seconds} s` : 'Trying …';
}

/** One line for each change, for whoever is asked on the phone what the console says. */
function useConsoleLine({ status, attempt, error }: Snapshot): void {
  const before = useRef<Snapshot['status']>(undefined);
  useEffect(() => {
    if (status === before.current) return;
    const from = before.current ? `${before.current} → ` : '';
    before.current = status;
    console.info(
      `check-in board: ${from}${status}`,
      ...(attempt ? [`after ${attempt} failed`] : []),
      error?.message ?? '',
    );
  }, [status, attempt, error]);
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
