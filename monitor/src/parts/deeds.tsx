import { usePolled } from '../hub/polled.js';
import type { AuditAnswer, AuditEntry } from '../hub/types.js';
import { Foreign } from './foreign.js';
import { Trouble } from './trouble.js';
import { When } from './when.js';

const ASK_EVERY_MS = 4_000;
const SHOWN_MAX = 12;

/** What operators did last, and what was refused. */
export function Deeds() {
  const { data, problem } = usePolled<AuditAnswer>('audit', ASK_EVERY_MS);
  const entries = data?.entries.slice(0, SHOWN_MAX) ?? [];
  return (
    <section class="card" aria-labelledby="deeds-title">
      <h3 id="deeds-title">Operators’ actions</h3>
      {data && entries.length === 0 && <p class="aside">None since the hub’s start.</p>}
      <ol class="timeline">
        {entries.map((entry) => (
          <li
            key={`${entry.at} ${entry.action} ${entry.target}`}
            data-tone={entry.result === 'done' ? 'plain' : 'wrong'}
          >
            <p>
              <strong>{words(entry)}</strong> {entry.target !== null && <Foreign of={entry.target} max={40} />}{' '}
              <span class="aside">
                by {entry.who === null ? 'nobody known' : <Foreign of={entry.who} max={30} />},{' '}
                <Foreign of={entry.from} />
              </span>
            </p>
            <When at={entry.at} as="both" />
          </li>
        ))}
      </ol>
      <Trouble problem={problem} />
    </section>
  );
}

function words({ action, result }: AuditEntry): string {
  const name = action.charAt(0).toUpperCase() + action.slice(1).replaceAll('_', ' ');
  return result === 'done' ? name : `${name}: ${result}`;
}
