import { count, rate } from '../format.js';
import { usePolled } from '../hub/polled.js';
import type { Series, SeriesName } from '../hub/types.js';
import { extremes, type Line } from '../spark.js';
import { Sparkline } from './sparkline.js';

const ASK_EVERY_MS = 5_000;

interface Trend {
  /** What the figure is; the headline has how many are open now. */
  readonly figure: 'most' | 'a second';
  readonly lines: readonly {
    readonly of: SeriesName;
    readonly label: string;
    readonly name: string;
    readonly kind: Line['kind'];
  }[];
}

const TRENDS: readonly Trend[] = [
  { figure: 'most', lines: [{ of: 'active', label: 'Open', name: 'open connections', kind: 'area' }] },
  {
    figure: 'a second',
    lines: [
      { of: 'opened', label: 'Opened', name: 'opened a second', kind: 'line' },
      { of: 'closed', label: 'closed', name: 'closed a second', kind: 'dashed' },
    ],
  },
  {
    figure: 'a second',
    lines: [{ of: 'published', label: 'Published', name: 'events published a second', kind: 'area' }],
  },
  {
    figure: 'a second',
    lines: [{ of: 'delivered', label: 'Delivered', name: 'events delivered a second', kind: 'area' }],
  },
  {
    figure: 'a second',
    lines: [
      { of: 'refused', label: 'Refused', name: 'connections refused a second', kind: 'line' },
      { of: 'gaps', label: 'gaps', name: 'gaps a second', kind: 'dashed' },
    ],
  },
];

/** The last 15 minutes, from the hub's own memory. */
export function Trends() {
  const { data } = usePolled<Series>('stats/series', ASK_EVERY_MS);
  return (
    <section aria-label="The last 15 minutes">
      <dl class="trends">
        {TRENDS.map((trend) => (
          <TrendCard key={trend.lines[0]?.of} trend={trend} series={data} />
        ))}
      </dl>
    </section>
  );
}

function TrendCard({ trend: { figure, lines }, series }: { trend: Trend; series: Series | null }) {
  const drawn = lines.map((line) => ({ ...line, values: values(series, line.of) }));
  const say = figure === 'most' ? count : rate;
  const figures = drawn.map(({ values: own }) => say(figure === 'most' ? extremes(own).highest : extremes(own).latest));
  return (
    <div class="trend">
      <dt>
        {drawn.map(({ label, kind }, place) => (
          <span key={label}>
            {place > 0 && ', '}
            {lines.length > 1 && <span class={`key ${kind}`} aria-hidden="true" />}
            {label}
          </span>
        ))}
      </dt>
      <dd>
        <span class="now">{series ? figures.join(' · ') : '–'}</span>
        <span class="aside"> {figure === 'most' ? 'at most' : '/s'}</span>
      </dd>
      <dd class="drawn">
        <Sparkline lines={drawn} places={series?.points ?? 180} words={words(drawn, say)} />
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
