import { histogram, sum } from '../books.js';
import { bytes, count, duration } from '../format.js';
import { useListed } from '../hub/listed.js';
import type { ClosedAnswer, ClosedRow } from '../hub/types.js';
import { useListing } from '../listing.js';
import { Choice, Filter } from '../parts/filter.js';
import { Foreign } from '../parts/foreign.js';
import { List } from '../parts/list.js';
import { Opener } from '../parts/opener.js';
import { ReasonTag } from '../parts/reason-tag.js';
import type { Column } from '../parts/table.js';
import { When } from '../parts/when.js';
import { format } from '../route.js';
import { useRoute } from '../routing.js';
import { REASON_NAMES, reason } from '../words.js';

/** Who was connected until lately, and why they no longer are. */
export function Closed() {
  const chosen = useRoute().route.params.reason;
  const listing = useListing(['reason', 'user', 'type']);
  const source = useListed(
    'connections/closed',
    listing.members,
    (answer: ClosedAnswer) => answer.connections,
    ({ id }) => id,
  );
  return (
    <List
      title="Recently closed"
      listing={listing}
      source={source}
      columns={COLUMNS}
      opens="id"
      empty="No connection has ended."
      above={<Histogram counts={source.answer?.by_reason ?? {}} chosen={chosen} />}
    >
      <Choice name="reason" label="Reason" all="all reasons" values={REASON_NAMES} />
      <Filter name="user" label="User" hint="exact name" />
      <Filter name="type" label="Type" hint="exact name" />
    </List>
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
  { name: 'user', width: 12, label: 'User', cell: (row) => <Opener of={row.user} to={{ id: row.id }} /> },
  { name: 'type', width: 8, label: 'Type', cell: (row) => <Foreign of={row.type} max={24} /> },
  { name: 'reason', width: 8.5, label: 'Reason', cell: (row) => <ReasonTag of={row.reason} /> },
  { name: 'closed', width: 12, label: 'Closed', cell: (row) => <When at={row.closed_at} as="both" /> },
  { name: 'duration', width: 7, label: 'Was open', numeric: true, cell: (row) => duration(row.duration_ms) },
  { name: 'events', width: 5, label: 'Events', numeric: true, cell: (row) => count(row.events_sent) },
  { name: 'bytes', width: 6.2, label: 'Bytes', numeric: true, cell: (row) => bytes(row.bytes_sent) },
  { name: 'client', width: 9, label: 'Client', cell: (row) => <Foreign of={row.client_id} max={14} class="code" /> },
  { name: 'remote', width: 10, label: 'Remote', cell: (row) => <Foreign of={row.remote} max={45} class="code" /> },
];
