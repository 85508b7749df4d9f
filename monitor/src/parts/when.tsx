import { hubNow, useNow } from '../clock.js';
import { clock, exact, relative } from '../format.js';

interface Moment {
  readonly at: number | null | undefined;
}

/** A moment: as the time of day, as how long ago, or as both; the tooltip always has it whole. */
export function When({ at, as = 'clock' }: Moment & { as?: 'clock' | 'ago' | 'both' }) {
  if (at == null) return <span class="none">–</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)}>
      {as !== 'ago' && clock(at, hubNow())}
      {as === 'ago' && <Ago at={at} />}
      {as === 'both' && (
        <span class="aside">
          {' '}
          <Ago at={at} />
        </span>
      )}
    </time>
  );
}

/** A component of its own: what is drawn again each second is this text alone. */
function Ago({ at }: Moment) {
  return <>{relative(at, useNow())}</>;
}
