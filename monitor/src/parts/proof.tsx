import { useNow } from '../clock.js';
import { relative } from '../format.js';
import type { ConnectionRow } from '../hub/types.js';
import { proof } from '../words.js';

/** The last sign of life, whom it proves, and how old it is. */
export function ProofOfLife({
  row: { proof: last, told_at: told },
}: {
  row: Pick<ConnectionRow, 'proof' | 'told_at'>;
}) {
  if (!last) return <span class="none">none</span>;
  const words = last.to === 'proxy' ? `${last.kind} by proxy` : last.kind;
  return (
    <span title={proof(last.kind, last.to)}>
      {words}{' '}
      <span class="aside">
        <Age of={last.age_ms} told={told} />
      </span>
    </span>
  );
}

function Age({ of, told }: { of: number; told: number | undefined }) {
  const now = useNow();
  return <>{relative((told ?? now) - of, Math.max(now, told ?? now))}</>;
}
