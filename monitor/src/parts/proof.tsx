import { useNow } from '../clock.js';
import { duration } from '../format.js';
import type { ConnectionRow } from '../hub/types.js';
import { proof } from '../words.js';

/** The last sign of life, whom it proves, and how old it is. */
export function ProofOfLife({
  row: { proof: last, told_at: told },
}: {
  row: Pick<ConnectionRow, 'proof' | 'told_at'>;
}) {
  const now = useNow();
  if (!last) return <span class="none">none</span>;
  const words = last.to === 'proxy' ? `${last.kind} by proxy` : last.kind;
  return (
    <span title={proof(last.kind, last.to)}>
      {words} <span class="aside">{duration(last.age_ms + Math.max(now - (told ?? now), 0))} ago</span>
    </span>
  );
}
