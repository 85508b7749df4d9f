import { memo } from 'preact/compat';
import { useNow } from '../clock.js';
import { bytes, count, duration } from '../format.js';
import { useConnections } from '../hub/connections.js';
import type { ConnectionRow } from '../hub/types.js';
import { useListing } from '../listing.js';
import { ChannelNames } from '../parts/channel-names.js';
import { Choice, Filter } from '../parts/filter.js';
import { Foreign } from '../parts/foreign.js';
import { List } from '../parts/list.js';
import { Opener } from '../parts/opener.js';
import { OwnTag } from '../parts/own-tag.js';
import { ProofOfLife } from '../parts/proof.js';
import type { Column } from '../parts/table.js';
import { When } from '../parts/when.js';

/** Who is connected now: sorted, selected and cut by the hub, and told as it changes. */
export const Connections = memo(ConnectionsView);

/** `types` are those that are there now, in one text, so that a count that changes draws nothing here again. */
function ConnectionsView({ types }: { types: string }) {
  const listing = useListing(['q', 'type', 'user', 'channel', 'client_id'], 'connected_at');
  const source = useConnections(listing.members);
  return (
    <List
      title="Connections"
      listing={listing}
      source={source}
      columns={COLUMNS}
      opens="id"
      empty="Nobody is connected."
    >
      <Filter name="q" label="Search" hint="user, client, address" />
      <Choice name="type" label="Type" all="all types" values={JSON.parse(types)} />
      <Filter name="channel" label="Channel" hint="exact name" />
      <Filter name="user" label="User" hint="exact name" />
    </List>
  );
}

/** What is gone lasted as long as the hub last said. */
function Lasted({ row, gone }: { row: ConnectionRow; gone: boolean }) {
  const now = useNow();
  return <>{duration(gone ? row.duration_ms : Math.max(now - row.connected_at, 0))}</>;
}

const COLUMNS: readonly Column<ConnectionRow>[] = [
  {
    name: 'user',
    width: 14.6,
    label: 'User',
    sort: 'user',
    cell: (row) => (
      <>
        <Opener of={row.user} to={{ id: row.id }} />
        <OwnTag id={row.id} />
      </>
    ),
  },
  { name: 'type', width: 7.5, label: 'Type', sort: 'type', cell: (row) => <Foreign of={row.type} max={16} /> },
  {
    name: 'connected',
    width: 6.5,
    label: 'Connected',
    sort: 'connected_at',
    cell: (row) => <When at={row.connected_at} />,
  },
  {
    name: 'duration',
    width: 7,
    label: 'Duration',
    sort: 'duration_ms',
    numeric: true,
    cell: (row, gone) => <Lasted row={row} gone={gone} />,
  },
  {
    name: 'ping',
    width: 6.6,
    label: 'Last ping',
    sort: 'last_ping_at',
    numeric: true,
    cell: (row) => <When at={row.last_ping_at} as="ago" />,
  },
  { name: 'proof', width: 10, label: 'Proof of life', cell: (row) => <ProofOfLife row={row} /> },
  {
    name: 'events',
    width: 5.2,
    label: 'Events',
    sort: 'events_sent',
    numeric: true,
    cell: (row) => count(row.events_sent),
  },
  {
    name: 'bytes',
    width: 6.2,
    label: 'Bytes',
    sort: 'bytes_sent',
    numeric: true,
    cell: (row) => bytes(row.bytes_sent),
  },
  {
    name: 'behind',
    width: 5.4,
    label: 'Behind',
    sort: 'behind',
    numeric: true,
    cell: (row) => <span class={row.behind > 0 ? 'warn' : undefined}>{count(row.behind)}</span>,
  },
  { name: 'channels', width: 12, label: 'Channels', cell: (row) => <ChannelNames of={row.channels} /> },
  { name: 'node', width: 7.7, label: 'Node', cell: (row) => <Foreign of={row.node} max={13} class="code" /> },
  {
    name: 'remote',
    width: 9.8,
    label: 'Remote',
    sort: 'remote',
    cell: (row) => <Foreign of={row.remote} max={45} class="code" />,
  },
];
