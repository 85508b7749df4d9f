import { useState } from 'preact/hooks';
import { bytes, count, duration, rate } from '../format.js';
import { usePolled } from '../hub/polled.js';
import type { ChannelRow } from '../hub/types.js';
import { usePaging } from '../paging.js';
import { Filter } from '../parts/filter.js';
import { ListHead } from '../parts/list-head.js';
import { Opener } from '../parts/opener.js';
import { Pager } from '../parts/pager.js';
import { SortChoice } from '../parts/sort-choice.js';
import { type Column, Table } from '../parts/table.js';
import { Trouble } from '../parts/trouble.js';
import { address } from '../query.js';
import { FIRST_PAGE, useRoute } from '../routing.js';
import { listed } from '../rows/page.js';
import { useSteady } from '../rows/steady.js';

const ASK_EVERY_MS = 2_000;
const FIRST_SORT = 'channel';

/** The channels: who listens, how much goes over them, and how much of it is kept. */
export function Channels() {
  const { route, go } = useRoute();
  const paging = usePaging();
  const [paused, setPaused] = useState(false);
  const { q, sort = FIRST_SORT, channel } = route.params;
  const members = { q, sort, limit: paging.limit, after: paging.after };
  const { data, stale, problem } = usePolled<{ channels: readonly ChannelRow[]; total: number; next: string | null }>(
    address('channels', members),
    ASK_EVERY_MS,
  );
  const page = data && !stale ? listed(data.channels, (row) => row.channel, data.total, data.next) : null;
  const steady = useSteady(page, JSON.stringify(members), paused || channel !== undefined);
  const sorted = (by: string) => go({ sort: by === FIRST_SORT ? undefined : by, ...FIRST_PAGE });
  return (
    <>
      <ListHead
        title="Channels"
        total={count(page?.total)}
        paused={paused}
        onPause={setPaused}
        waiting={steady.waiting}
        onShow={steady.show}
      />
      <search class="filters">
        <Filter name="q" label="Search" hint="part of a name" />
        <SortChoice columns={COLUMNS} sort={sort} onSort={sorted} />
      </search>
      <Trouble problem={problem} />
      <Table
        label="Channels"
        columns={COLUMNS}
        steady={steady}
        sort={sort}
        onSort={sorted}
        onOpen={(row) => go({ channel: row.channel })}
        selected={channel}
      />
      {page?.total === 0 && <p class="empty">No channel has a subscriber or an event.</p>}
      {page && <Pager paging={paging} rows={page.order.length} total={page.total} next={page.next} />}
    </>
  );
}

const COLUMNS: readonly Column<ChannelRow>[] = [
  { name: 'channel', width: 18, label: 'Channel', sort: 'channel', cell: (row) => <RowOpener channel={row.channel} /> },
  {
    name: 'subscribers',
    width: 8,
    label: 'Subscribers',
    sort: 'subscribers',
    numeric: true,
    cell: (row) => count(row.subscribers),
  },
  { name: 'rate', width: 9, label: 'Events a second', sort: 'rate', numeric: true, cell: (row) => rate(row.rate) },
  { name: 'events', width: 8, label: 'Held events', sort: 'events', numeric: true, cell: (row) => count(row.events) },
  { name: 'bytes', width: 7, label: 'Held bytes', sort: 'bytes', numeric: true, cell: (row) => bytes(row.bytes) },
  { name: 'retention', width: 18, label: 'Keeps at most', cell: (row) => <Kept of={row.retention} /> },
];

function Kept({ of: { count: events, age_ms: age, bytes: size } }: { of: ChannelRow['retention'] }) {
  const bounds = [events > 0 && `${count(events)} events`, age > 0 && duration(age), size > 0 && bytes(size)].filter(
    Boolean,
  );
  return <span class="aside">{bounds.length > 0 ? bounds.join(', ') : 'nothing'}</span>;
}

function RowOpener({ channel }: { channel: string }) {
  const { go } = useRoute();
  return <Opener of={channel} onOpen={() => go({ channel })} />;
}
