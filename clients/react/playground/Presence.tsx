import { usePresence } from './hub.js';

/** Who is on a channel. `joined` and `left` come where the channel's rule has presence, as in tidings.toml here. */
export function Presence({ channel }: { channel: `room:${string}` }) {
  const { users, ready, error, refresh } = usePresence(channel);
  return (
    <section className="card">
      <h2>
        <span>
          Who is on <code>{channel}</code>
        </span>
        <button type="button" onClick={refresh}>
          Ask again
        </button>
      </h2>
      <p className="facts">
        <span className={`pill ${ready ? 'active' : 'pending'}`}>{ready ? 'ready' : 'asking'}</span> {users.length}{' '}
        {users.length === 1 ? 'user' : 'users'}
      </p>
      {error && <p className="error">{error.message}</p>}
      <ul className="users">
        {users.map((user) => (
          <li key={user}>{user}</li>
        ))}
      </ul>
      <p className="hint">
        Another user: <code>curl -N '127.0.0.1:3000/api/sse/stream?channels={channel}&amp;user=ann'</code>
      </p>
    </section>
  );
}
