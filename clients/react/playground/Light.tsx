import { useEffect, useState } from 'react';
import { useConnectionStatus, useTidings } from './hub.js';

const WORDS = {
  idle: 'idle: nobody listens',
  connecting: 'connecting',
  connected: 'connected',
  reconnecting: 'lost, coming back',
  failed: 'failed',
  suspended: 'suspended: the page was left',
  closed: 'closed',
};

/** The status light: a colour, and the words that say the same. */
export function Light() {
  const hub = useTidings();
  const { status, attempt, retryAt, error, connection } = useConnectionStatus();
  return (
    <div className="light" role="status">
      <span className={`lamp ${status}`} aria-hidden="true" />
      <b>{WORDS[status]}</b>
      {connection && (
        <span>
          connection <code>{connection.id}</code> as <code>{connection.user}</code>
        </span>
      )}
      {attempt > 0 && <span>attempt {attempt} failed</span>}
      {retryAt !== null && <Countdown to={retryAt} />}
      {error && <span className="error">{error.message}</span>}
      {(retryAt !== null || status === 'failed') && (
        <button type="button" onClick={() => hub.reconnect()}>
          Try now
        </button>
      )}
    </div>
  );
}

function Countdown({ to }: { to: number }) {
  const [now, set] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return <span>next in {Math.max(0, Math.ceil((to - now) / 1000))} s</span>;
}
