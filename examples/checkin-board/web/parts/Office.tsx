import { type Colleague, type Person, setLocked } from '../api';
import { useAction } from '../hooks/useAction';
import { Problem } from './Room';

interface Props {
  readonly colleagues: readonly Colleague[];
  readonly user: Person;
  readonly changed: () => void;
}

/** Who locks an account ends its streams at once, whatever tokens it holds. */
export function Office({ colleagues, user, changed }: Props) {
  const lock = useAction(async ({ id, is_locked }: Colleague) => {
    await setLocked(id, !is_locked);
    changed();
  });
  return (
    <section className="card" aria-labelledby="office-title">
      <h2 id="office-title">Accounts</h2>
      <ul className="accounts">
        {colleagues.map((one) => (
          <li key={one.id}>
            <span className="name">{one.name}</span>
            {one.is_locked && <span className="fine">locked</span>}
            {one.id !== user.id && (
              <button
                type="button"
                aria-label={`${one.is_locked ? 'Unlock' : 'Lock'} ${one.name}`}
                disabled={lock.isPending}
                onClick={() => lock.mutate(one)}
              >
                {one.is_locked ? 'Unlock' : 'Lock'}
              </button>
            )}
          </li>
        ))}
      </ul>
      <Problem error={lock.error} />
    </section>
  );
}
