import { bytes, count, duration, rate } from '../format.js';
import { useListed } from '../hub/listed.js';
import type { ChannelRow, ChannelsAnswer } from '../hub/types.js';
import { useListing } from '../listing.js';
import { Filter } from '../parts/filter.js';
import { List } from '../parts/list.js';
import { Opener } from '../parts/opener.js';
import type { Column } from '../parts/table.js';

/** The channels: who listens, how much goes over them, and how much of it is kept. */
export function Channels() {
  const listing = useListing(['q'], 'channel');
  const source = useListed(
    'channels',
    listing.members,
    (answer: ChannelsAnswer) => answer.channels,
    (row) => row.channel,
  );
  return (
    <List
      title="Channels"
      listing={listing}
      source={source}
      columns={COLUMNS}
      opens="channel"
      empty="No channel has a subscriber or an event."
    >
      <Filter name="q" label="Search" hint="part of a name" />
    </List>
  );
}

const COLUMNS: readonly Column<ChannelRow>[] = [
  {
    name: 'channel',
    width: 18,
    label: 'Channel',
    sort: 'channel',
    cell: (row) => <Opener of={row.channel} to={{ channel: row.channel }} />,
  },
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
