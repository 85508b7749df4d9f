import { useState } from 'preact/hooks';
import { histogram, sum } from '../books.js';
import { bytes, count, duration } from '../format.js';
import { usePolled } from '../hub/polled.js';
import type { ClosedRow } from '../hub/types.js';
import { usePaging } from '../paging.js';
import { Choice, Filter } from '../parts/filter.js';
import { Foreign } from '../parts/foreign.js';
import { ListHead } from '../parts/list-head.js';
import { Opener } from '../parts/opener.js';
import { Pager } from '../parts/pager.js';
import { ReasonTag } from '../parts/reason-tag.js';
import { type Column, Table } from '../parts/table.js';
import { Trouble } from '../parts/trouble.js';
import { When } from '../parts/when.js';
import { address } from '../query.js';
import { format } from '../route.js';
import { useRoute } from '../routing.js';
import { listed } from '../rows/page.js';
import { useSteady } from '../rows/steady.js';
import { REASON_NAMES, reason } from '../words.js';

const ASK_EVERY_MS = 2_000;

interface Answer {
  readonly connections: readonly ClosedRow[];
  readonly by_reason: Readonly<Record<string, number>>;
  readonly total: number;
  readonly next: string | null;
}

/** Who was connected until lately, and why they no longer are. */
export function Closed() {
  const { route, go } = useRoute();
  const paging = usePaging();
  const [paused, setPaused] = useState(false);
  const { reason: why, user, type, id } = route.params;
  const members = { reason: why, user, type, limit: paging.limit, after: paging.after };
  const { data, stale, problem } = usePolled<Answer>(address('connections/closed', members), ASK_EVERY_MS);
  const rows = data && !stale ? data : null;
  const page = rows && listed(rows.connections, (row) => row.id, rows.total, rows.next);
  const steady = useSteady(page, JSON.stringify(members), paused || id !== undefined);
  return (
    <>
      <ListHead
        title="Recently closed"
        total={count(page?.total)}
        paused={paused}
        onPause={setPaused}
        waiting={steady.waiting}
        onShow={steady.show}
      />
      <Histogram counts={data?.by_reason ?? {}} chosen={why} />
      <search class="filters">
        <Choice name="reason" label="Reason" all="all reasons" values={REASON_NAMES} />
        <Filter name="user" label="User" hint="exact name" />
        <Filter name="type" label="Type" hint="exact name" />
      </search>
      <Trouble problem={problem} />
      <Table
        label="Recently closed connections"
        columns={COLUMNS}
        steady={steady}
        sort="-closed_at"
        onOpen={(row) => go({ id: row.id })}
        selected={id}
      />
      {page?.total === 0 && <p class="empty">No connection has ended like this.</p>}
      {page && <Pager paging={paging} rows={page.order.length} total={page.total} next={page.next} />}
    </>
  );
}

function Histogram({ counts, chosen }: { counts: Readonly<Record<string, number>>; chosen: string | undefined }) {
  const bars = histogram(counts);
  if (bars.length === 0) return <p class="empty">Nobody has left yet.</p>;
  return (
    <section class="card histogram" aria-labelledby="reasons">
      <h3 id="reasons">
        Why they ended <span class="aside">the last {count(sum(counts))}</span>
      </h3>
      <ol>
        {bars.map(({ name, number, share }) => (
          <li key={name} data-tone={reason(name).tone} data-reason={name}>
            <a href={format('closed', { reason: name })} aria-current={name === chosen ? 'true' : undefined}>
              {name}
            </a>
            <span class="bar" aria-hidden="true">
              <span style={{ inlineSize: `${Math.max(share * 100, 0.4)}%` }} />
            </span>
            <span class="number">{count(number)}</span>
            <span class="number aside">{percent(share)}</span>
            <span class="aside meaning">{reason(name).words}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function percent(share: number): string {
  return share > 0 && share < 0.001 ? '<0.1 %' : `${(share * 100).toFixed(1)} %`;
}

const COLUMNS: readonly Column<ClosedRow>[] = [
  { name: 'user', width: 12, label: 'User', cell: (row) => <RowOpener row={row} /> },
  { name: 'type', width: 8, label: 'Type', cell: (row) => <Foreign of={row.type} max={24} /> },
  { name: 'reason', width: 8.5, label: 'Reason', cell: (row) => <ReasonTag of={row.reason} /> },
  { name: 'closed', width: 12, label: 'Closed', cell: (row) => <When at={row.closed_at} as="both" /> },
  { name: 'duration', width: 7, label: 'Was open', numeric: true, cell: (row) => duration(row.duration_ms) },
  { name: 'events', width: 5, label: 'Events', numeric: true, cell: (row) => count(row.events_sent) },
  { name: 'bytes', width: 6.2, label: 'Bytes', numeric: true, cell: (row) => bytes(row.bytes_sent) },
  { name: 'client', width: 9, label: 'Client', cell: (row) => <Foreign of={row.client_id} max={14} class="code" /> },
  { name: 'remote', width: 10, label: 'Remote', cell: (row) => <Foreign of={row.remote} max={45} class="code" /> },
];

function RowOpener({ row }: { row: ClosedRow }) {
  const { go } = useRoute();
  return <Opener of={row.user} onOpen={() => go({ id: row.id })} />;
}
