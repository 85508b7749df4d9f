import { count, plural } from '../format.js';
import { useDeed } from '../hub/deed.js';
import { useMay } from '../hub/session.js';
import type { Stats } from '../hub/types.js';
import { Trouble } from './trouble.js';

interface Swept {
  readonly cleaned: number;
  readonly slices: number;
  readonly remaining: number;
}

/** Asks for a sweep for stale connections, and says what it found. */
export function SweepCard({ stats: { cleanup } }: { stats: Stats }) {
  const { busy, done, problem, run } = useDeed<Swept>();
  const may = useMay();
  return (
    <section class="card" aria-labelledby="sweep-title">
      <h3 id="sweep-title">Cleanup</h3>
      <dl class="facts">
        <div>
          <dt>Stale connections cleaned</dt>
          <dd>{count(cleanup.stale_connections_cleaned)}</dd>
        </div>
        <div>
          <dt>At shutdowns</dt>
          <dd>
            {count(cleanup.shutdown_connections_cleaned)} in {plural(cleanup.shutdown_cleanups, 'shutdown')}
          </dd>
        </div>
      </dl>
      <p class="actions">
        {may && (
          <button
            type="button"
            aria-disabled={busy}
            onClick={() => busy || void run('cleanup', { method: 'POST', body: '{"batch_size":null}' })}
          >
            Sweep now
          </button>
        )}
        <span role="status" class="aside">
          {done &&
            (done.cleaned === 0
              ? 'Nothing was stale.'
              : `Cleaned ${plural(done.cleaned, 'connection')}, ${count(done.remaining)} remain.`)}
        </span>
      </p>
      <Trouble problem={problem} />
    </section>
  );
}
