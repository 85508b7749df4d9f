import { useNow } from '../clock.js';
import { clock, duration } from '../format.js';
import { client, useConnectionStatus } from '../hub/client.js';

const WORDS = {
  idle: 'Not connected',
  connecting: 'Connecting',
  connected: 'Live',
  reconnecting: 'Reconnecting',
  failed: 'Given up',
  suspended: 'Paused by the browser',
  closed: 'Closed',
} as const;

/** How this page's own stream is: a shape, a colour and words that say the same. */
export function Light({ at }: { at: number }) {
  const { status, retryAt, error } = useConnectionStatus((snapshot) => snapshot);
  useNow();
  const now = Date.now();
  const old = status !== 'connected' && at > 0;
  return (
    <div class="light" data-state={status}>
      <span class="lamp" aria-hidden="true" />
      <p>
        <strong role="status">{WORDS[status]}</strong>
        {status === 'reconnecting' && retryAt !== null && (
          <span> in {duration(Math.max(Math.ceil((retryAt - now) / 1_000), 1) * 1_000)}</span>
        )}
        {error && status !== 'connected' && <span class="aside">: {error.message}</span>}
        {old && now - at > 2_500 && <span class="aside">. Figures from {clock(at, now)}</span>}
      </p>
      {(status === 'failed' || status === 'reconnecting') && (
        <button type="button" class="small" onClick={() => client.reconnect()}>
          Connect now
        </button>
      )}
    </div>
  );
}
