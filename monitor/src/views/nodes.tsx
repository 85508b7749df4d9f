import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { count, duration } from '../format.js';
import type { Stats } from '../hub/types.js';
import { Deeds } from '../parts/deeds.js';
import { DrainCard } from '../parts/drain.js';
import { Foreign } from '../parts/foreign.js';
import { SweepCard } from '../parts/sweep.js';
import { When } from '../parts/when.js';

/** The nodes, how they do, and what an operator does to one. */
export function Nodes({ stats }: { stats: Stats | null }) {
  if (!stats) return <p class="empty">No figures yet.</p>;
  return (
    <>
      <header class="list-head">
        <h2>
          Nodes <span class="total">{count(stats.cluster.nodes.length)}</span>
        </h2>
      </header>
      <div class="cards">
        <Health stats={stats} />
        <Cluster stats={stats} />
        <DrainCard stats={stats} />
        <Shutdown stats={stats} />
        <SweepCard stats={stats} />
        <Deeds />
      </div>
    </>
  );
}

function Health({ stats }: { stats: Stats }) {
  const started = useStarted(stats);
  const { truth, latency } = stats;
  const ms = (value: number | null | undefined) =>
    value == null ? '–' : `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;
  return (
    <section class="card" aria-labelledby="health-title">
      <h3 id="health-title">This node</h3>
      <dl class="facts">
        <Fact label="Name">
          <Foreign of={stats.node} class="code" />
        </Fact>
        <Fact label="Phase">{stats.phase}</Fact>
        <Fact label="Up for">{duration(stats.uptime_seconds * 1_000)}</Fact>
        <Fact label="Started">
          <When at={started} />
        </Fact>
        <Fact label="Publish to write, median">{ms(latency?.publish_to_write_p50_ms)}</Fact>
        <Fact label="Publish to write, 99 %">{ms(latency?.publish_to_write_p99_ms)}</Fact>
        <Fact label="Audits">{truth ? count(truth.audits) : '–'}</Fact>
        <Fact label="Audit mismatch">{truth ? count(truth.mismatch) : '–'}</Fact>
        <Fact label="Refused">{refusals(stats)}</Fact>
      </dl>
    </section>
  );
}

/** The hub says its age in whole seconds: what that makes of its start must not waver between two. */
function useStarted({ now, uptime_seconds: uptime }: Stats): number {
  const known = useRef(Number.NEGATIVE_INFINITY);
  const started = now - uptime * 1_000;
  if (Math.abs(started - known.current) > 2_000) known.current = started;
  return known.current;
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function refusals({ connections: { refused_total: refused } }: Stats): string {
  const kinds = Object.entries(refused).filter(([, number]) => number > 0);
  return kinds.length === 0 ? 'none' : kinds.map(([kind, number]) => `${kind} ${count(number)}`).join(', ');
}

function Shutdown({ stats }: { stats: Stats }) {
  const summary = stats.cleanup.last_shutdown_cleanup_summary;
  const left = summary?.connections_after ?? 0;
  return (
    <section class="card" aria-labelledby="shutdown-title">
      <h3 id="shutdown-title">Last shutdown</h3>
      {!summary && (
        <p class="aside">None to tell of: this is the first start here, or the last run ended in a crash.</p>
      )}
      {summary && (
        <>
          <p class={left > 0 ? 'verdict bad' : 'verdict good'}>
            {left > 0 ? `Incomplete: ${count(left)} connections remained` : 'Complete: nobody was left'}
          </p>
          <dl class="facts">
            <Fact label="Connections before">{count(summary.connections_before)}</Fact>
            <Fact label="Cleaned">{count(summary.total_cleaned)}</Fact>
            {summary.left_by_themselves !== undefined && (
              <Fact label="Left by themselves">{count(summary.left_by_themselves)}</Fact>
            )}
            <Fact label="Connections after">{count(left)}</Fact>
            <Fact label="Iterations">
              {count(summary.iterations)}
              {summary.max_iterations_reached && ', the most allowed'}
            </Fact>
            <Fact label="Took">{duration(summary.cleanup_duration_ms)}</Fact>
          </dl>
        </>
      )}
    </section>
  );
}

function Cluster({ stats }: { stats: Stats }) {
  const isShared = stats.cluster.engine !== undefined;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scroll" aria-label="Nodes of the cluster" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col" class="number">
              Open connections
            </th>
            {isShared && (
              <th scope="col" class="number">
                Heard of
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {stats.cluster.nodes.map(({ node, active, lease_age_ms }) => (
            <tr key={node}>
              <td>
                <Foreign of={node} class="code" /> {node === stats.node && <span class="tag own">asked here</span>}
              </td>
              <td class="number">{count(active)}</td>
              {isShared && <td class="number">{node === stats.node ? '–' : `${duration(lease_age_ms ?? 0)} ago`}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {stats.cluster.engine === 'away' && (
        <p class="warn" role="status">
          Redis does not answer: streams live on, nothing can be published, and what is shown of other nodes is from
          before.
        </p>
      )}
    </section>
  );
}
