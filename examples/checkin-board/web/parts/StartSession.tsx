import { type FormEvent, useId } from 'react';
import { type Room, startSession } from '../api';
import { useAction } from '../hooks/useAction';
import { Problem } from './Room';

export function StartSession({ rooms }: { rooms: readonly Room[] }) {
  const start = useAction(({ room, activity }: { room: number; activity: string }) => startSession(room, activity));
  const [room, activity] = [useId(), useId()];
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const wish = { room: Number(given.get('room')), activity: String(given.get('activity')) };
    start.mutate(wish, { onSuccess: () => form.reset() });
  };
  return (
    <section className="card" aria-labelledby="start-title">
      <h2 id="start-title">Start a session</h2>
      <form className="stack" onSubmit={submit}>
        <div className="field">
          <label htmlFor={room}>Room</label>
          <select id={room} name="room" required>
            <option value="">Choose a room</option>
            {rooms.map(({ id, name, active_group_id }) => (
              <option key={id} value={id}>
                {name}
                {active_group_id !== null && ' (taken)'}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor={activity}>Activity</label>
          <input id={activity} name="activity" required maxLength={80} autoComplete="off" />
        </div>
        <Problem error={start.error} />
        <button type="submit" className="primary" disabled={start.isPending}>
          Start
        </button>
      </form>
    </section>
  );
}
