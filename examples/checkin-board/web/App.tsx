import type { Person } from './api';
import { useBoard } from './hooks/useBoard';
import { Announcer } from './parts/Announcer';
import { Office } from './parts/Office';
import { Room } from './parts/Room';
import { StartSession } from './parts/StartSession';
import { StatusLight } from './parts/StatusLight';

interface Props {
  user: Person;
  signOut: () => void;
  signInAgain: () => void;
}

export function App({ user, signOut, signInAgain }: Props) {
  const { data: board, error, refetch, isFetching } = useBoard();
  return (
    <>
      <header className="top">
        <h1>Check-in board</h1>
        <StatusLight signInAgain={signInAgain} />
        <p className="who">
          {user.name}
          <button type="button" className="quiet" onClick={signOut}>
            Sign out
          </button>
        </p>
      </header>
      <main aria-busy={isFetching}>
        {error && (
          <p className="problem" role="alert">
            The board can’t be shown: {error.message}
            <button type="button" onClick={() => void refetch()}>
              Try again
            </button>
          </p>
        )}
        <div className="rooms">
          {board?.groups.map((group) => (
            <Room key={group.active_group_id} group={group} board={board} user={user} />
          ))}
          {board?.groups.length === 0 && (
            <p className="card nothing">
              You supervise no room now. Start a session, or wait: when a colleague adds you to one, it appears here by
              itself.
            </p>
          )}
        </div>
        {board && (
          <div className="side">
            <StartSession rooms={board.rooms} />
            {user.is_office && <Office colleagues={board.colleagues} user={user} changed={() => void refetch()} />}
          </div>
        )}
      </main>
      <Announcer groups={board?.groups ?? []} />
    </>
  );
}
