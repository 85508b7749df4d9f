import { useNow } from '../clock.js';
import { clock, exact, relative } from '../format.js';

/** A moment: as the time of day, as how long ago, or as both; the tooltip always has it whole. */
export function When({ at, as = 'clock' }: { at: number | null | undefined; as?: 'clock' | 'ago' | 'both' }) {
  const now = useNow();
  if (at == null) return <span class="none">–</span>;
  const title = `${exact(at)}, ${relative(at, now)}`;
  return (
    <time dateTime={new Date(at).toISOString()} title={title}>
      {as === 'ago' ? relative(at, now) : clock(at, now)}
      {as === 'both' && <span class="aside"> {relative(at, now)}</span>}
    </time>
  );
}
