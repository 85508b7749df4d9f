import { useState } from 'preact/hooks';
import { logOut, useSession } from '../hub/session.js';
import { Foreign } from './foreign.js';

/** Who is logged in, as what, and the way out. Without a login there is nothing to say. */
export function Who() {
  const session = useSession();
  const [failed, setFailed] = useState(false);
  if (!session || session.by === 'dev') return null;
  return (
    <p class="who">
      <Foreign of={session.user} max={24} />
      {session.role === 'read' && <span class="tag">read only</span>}
      {session.logout && (
        <button type="button" class="small" onClick={() => logOut().catch(() => setFailed(true))}>
          {failed ? 'Log out: try again' : 'Log out'}
        </button>
      )}
    </p>
  );
}
