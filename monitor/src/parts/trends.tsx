import { count, rate } from '../format.js';
import { usePolled } from '../hub/polled.js';
import type { Series, SeriesName } from '../hub/types.js';
import { extremes, type Line } from '../spark.js';
import { Sparkline } from './sparkline.js';

const ASK_EVERY_MS = 5_000;

interface Trend {
  readonly label: string;
  readonly unit: string;
  readonly lines: readonly { readonly of: SeriesName; readonly name: string; readonly kind: Line['kind'] }[];
}

const TRENDS: readonly Trend[] = [
  { label: 'Open', unit: '', lines: [{ of: 'active', name: 'open connections', kind: 'area' }] },
  {
    label: 'Opened, closed',
    unit: '/s',
    lines: [
      { of: 'opened', name: 'opened a second', kind: 'line' },
      { of: 'closed', name: 'closed a second', kind: 'dashed' },
    ],
  },
  { label: 'Published', unit: '/s', lines: [{ of: 'published', name: 'events published a second', kind: 'area' }] },
  { label: 'Delivered', unit: '/s', lines: [{ of: 'delivered', name: 'events delivered a second', kind: 'area' }] },
  {
    label: 'Refused, gaps',
    unit: '/s',
    lines: [
      { of: 'refused', name: 'connections refused a second', kind: 'line' },
      { of: 'gaps', name: 'gaps a second', kind: 'dashed' },
    ],
  },
];

/** The last 15 minutes, from the hub's own memory. */
export function Trends() {
  const { data } = usePolled<Series>('stats/series', ASK_EVERY_MS);
  return (
    <dl class="trends" aria-label="The last 15 minutes">
      {TRENDS.map((trend) => (
        <TrendCard key={trend.label} trend={trend} series={data} />
      ))}
    </dl>
  );
}

function TrendCard({ trend, series }: { trend: Trend; series: Series | null }) {
  const lines = trend.lines.map(({ of, kind, name }) => ({ kind, name, values: values(series, of) }));
  const say = (value: number) => (trend.unit ? rate(value) : count(value));
  return (
    <div class="trend">
      <dt>{trend.label}</dt>
      <dd>
        <span class="now">{series ? lines.map((line) => say(extremes(line.values).latest)).join(' · ') : '–'}</span>
        <span class="aside">{trend.unit}</span>
      </dd>
      <dd>
        <Sparkline lines={lines} places={series?.points ?? 180} words={words(lines, say)} />
      </dd>
    </div>
  );
}

/** What happened in a step, as a rate; what is there, as it is. */
function values(series: Series | null, name: SeriesName): readonly number[] {
  if (!series) return [];
  const own = series.series[name] ?? [];
  return name === 'active' ? own : own.map((value) => (value * 1_000) / series.step_ms);
}

function words(lines: readonly { name: string; values: readonly number[] }[], say: (value: number) => string): string {
  const each = lines.map(({ name, values: own }) => {
    const { latest, lowest, highest } = extremes(own);
    return `${name}: now ${say(latest)}, lowest ${say(lowest)}, highest ${say(highest)}`;
  });
  return `In the last 15 minutes, ${each.join('; ')}`;
}
