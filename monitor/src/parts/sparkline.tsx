import { extremes, type Line, points } from '../spark.js';

const WIDTH = 180;
const HEIGHT = 32;

/** The last quarter of an hour in a line or two; `words` tell the same to those who can't see it. */
export function Sparkline({ lines, places, words }: { lines: readonly Line[]; places: number; words: string }) {
  const top = Math.max(1, ...lines.map(({ values }) => extremes(values).highest));
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={words}>
      <path class="base" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      {lines.map(({ kind, values }) => (
        <g key={kind} class={kind}>
          {kind === 'area' && values.length > 1 && <path class="fill" d={area(values, places, top)} />}
          <polyline points={points(values, places, top, WIDTH, HEIGHT)} />
        </g>
      ))}
    </svg>
  );
}

function area(values: readonly number[], places: number, top: number): string {
  const line = points(values, places, top, WIDTH, HEIGHT);
  const from = line.slice(0, line.indexOf(','));
  return `M${from},${HEIGHT}L${line.replaceAll(' ', 'L')}L${WIDTH},${HEIGHT}Z`;
}
