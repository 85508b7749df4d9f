import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useConnectionStatus } from '../hub/client.js';
import { useDeed } from '../hub/deed.js';
import type { AnyConnection } from '../hub/types.js';
import { Foreign } from './foreign.js';
import { Trouble } from './trouble.js';

const REASON_CHARACTERS_MAX = 200;

/** Ends a connection, on a second press. */
export function Kick({
  connection,
  onKicked,
}: {
  connection: Pick<AnyConnection, 'id' | 'user'>;
  onKicked: () => void;
}) {
  const [why, setWhy] = useState('');
  const [mayReturn, setMayReturn] = useState(false);
  const [asked, setAsked] = useState(false);
  const { busy, problem, run } = useDeed<{ kicked: number }>();
  const own = useConnectionStatus((snapshot) => snapshot.connection?.id) === connection.id;
  const id = useId();
  const first = useRef<HTMLButtonElement>(null);
  const sure = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (asked) sure.current?.focus();
  }, [asked]);
  const kick = async () => {
    const body = JSON.stringify({ reconnect: mayReturn, ...(why.trim() && { reason: why.trim() }) });
    if (await run(`connections/${encodeURIComponent(connection.id)}`, { method: 'DELETE', body })) onKicked();
    else setAsked(false);
  };
  const keep = () => {
    setAsked(false);
    first.current?.focus();
  };
  return (
    <section class="card kick" aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>Kick</h3>
      <p class="field">
        <label for={`${id}-why`}>
          Reason <span class="aside">optional; the client is told</span>
        </label>
        <input
          id={`${id}-why`}
          value={why}
          maxLength={REASON_CHARACTERS_MAX}
          autocomplete="off"
          onInput={(event) => setWhy(event.currentTarget.value)}
        />
      </p>
      <p class="check">
        <input
          id={`${id}-return`}
          type="checkbox"
          checked={mayReturn}
          onChange={(event) => setMayReturn(event.currentTarget.checked)}
        />
        <label for={`${id}-return`}>It may reconnect</label>
      </p>
      {own && <p class="aside">This is the monitor’s own connection: its figures stop until you connect again.</p>}
      <div class="actions" hidden={asked}>
        <button ref={first} type="button" class="danger" onClick={() => setAsked(true)}>
          Kick…
        </button>
      </div>
      {asked && (
        // biome-ignore lint/a11y/useSemanticElements: a group of two answers to a question, and no part of a form
        <div class="sure" role="group" aria-labelledby={`${id}-sure`}>
          <p id={`${id}-sure`}>
            End the connection of <Foreign of={connection.user} max={40} />
            {mayReturn ? ', which may come back?' : ', which is told to stay away?'}
          </p>
          <p class="actions">
            <button
              ref={sure}
              type="button"
              class="danger solid"
              aria-disabled={busy}
              onClick={() => busy || void kick()}
            >
              Kick now
            </button>
            <button type="button" onClick={keep}>
              Keep it
            </button>
          </p>
        </div>
      )}
      <Trouble problem={problem} />
    </section>
  );
}
