import { type FormEvent, useId } from 'react';
import {
  addSupervisor,
  type Board,
  checkIn,
  checkOut,
  endSession,
  type Group,
  type Person,
  removeSupervisor,
  type Visit,
} from '../api';
import { useAction } from '../hooks/useAction';

/** One room: who is in it now, and what its supervisors do. */
export function Room({ group, board, user }: { group: Group; board: Board; user: Person }) {
  const title = useId();
  const { active_group_id: id, room_name, activity, visits } = group;
  return (
    <section className="card room" aria-labelledby={title} data-room={room_name}>
      <header>
        <h2 id={title}>{room_name}</h2>
        <p className="fine">{activity}</p>
        <p className="present">
          <b>{visits.length}</b> here
        </p>
      </header>
      <CheckIn group={group} board={board} />
      {visits.length === 0 && <p className="fine">Nobody is here yet.</p>}
      <ul className="visits">
        {visits.map((visit) => (
          <Present key={visit.student_id} group={id} visit={visit} />
        ))}
      </ul>
      <Session group={group} board={board} user={user} />
    </section>
  );
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

function Present({ group, visit }: { group: number; visit: Visit }) {
  const { student_id, student_name, since } = visit;
  const leave = useAction(() => checkOut(group, student_id));
  return (
    <li data-student={student_name}>
      <span className="initials" aria-hidden="true">
        {initials(student_name)}
      </span>
      <span className="name">{student_name}</span>
      <time className="fine" dateTime={new Date(since).toISOString()}>
        {clock.format(since)}
      </time>
      <button
        type="button"
        aria-label={`Check out ${student_name}`}
        disabled={leave.isPending}
        onClick={() => leave.mutate()}
      >
        Out
      </button>
    </li>
  );
}

const initials = (name: string) =>
  name
    .split(' ')
    .map((part) => part[0])
    .join('')
    .slice(0, 2);

function CheckIn({ group, board }: { group: Group; board: Board }) {
  const { active_group_id: id, visits, room_name } = group;
  const come = useAction((student: number) => checkIn(id, student));
  const here = new Set(visits.map(({ student_id }) => student_id));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const student = Number(new FormData(event.currentTarget).get('student'));
    if (student) come.mutate(student);
  };
  return (
    <form className="row" onSubmit={submit}>
      <select name="student" aria-label={`Student for ${room_name}`} required>
        <option value="">Choose a student</option>
        {board.students
          .filter(({ id }) => !here.has(id))
          .map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
      </select>
      <button type="submit" className="primary" disabled={come.isPending}>
        Check in
      </button>
      <Problem error={come.error} />
    </form>
  );
}

/** Who else is there, handing over, and the end. */
function Session({ group, board, user }: { group: Group; board: Board; user: Person }) {
  const { active_group_id: id, supervisors, room_name } = group;
  const add = useAction((staff: number) => addSupervisor(id, staff));
  const leave = useAction(() => removeSupervisor(id, user.id));
  const end = useAction(() => endSession(id));
  const others = board.colleagues.filter(
    (one) => !one.is_locked && !supervisors.some((supervisor) => supervisor.id === one.id),
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const staff = Number(new FormData(event.currentTarget).get('staff'));
    if (staff) add.mutate(staff);
  };
  return (
    <details>
      <summary>Supervised by {supervisors.map(({ name }) => name).join(', ')}</summary>
      <form className="row" onSubmit={submit}>
        <select name="staff" aria-label={`Colleague for ${room_name}`} required>
          <option value="">Choose a colleague</option>
          {others.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        <button type="submit" disabled={add.isPending}>
          Add
        </button>
      </form>
      <div className="row">
        <button type="button" disabled={supervisors.length < 2 || leave.isPending} onClick={() => leave.mutate()}>
          Leave
        </button>
        <button type="button" className="grave" disabled={end.isPending} onClick={() => end.mutate()}>
          End session
        </button>
      </div>
      <Problem error={add.error ?? leave.error ?? end.error} />
    </details>
  );
}

export function Problem({ error }: { error: Error | null }) {
  return (
    error && (
      <p className="problem" role="alert">
        {error.message}
      </p>
    )
  );
}
