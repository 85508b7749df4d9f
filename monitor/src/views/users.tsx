import { count } from '../format.js';
import { useListed } from '../hub/listed.js';
import type { UserRow, UsersAnswer } from '../hub/types.js';
import { useListing } from '../listing.js';
import { Filter } from '../parts/filter.js';
import { Foreign } from '../parts/foreign.js';
import { List } from '../parts/list.js';
import type { Column } from '../parts/table.js';
import { format } from '../route.js';

/** Who holds how many connections, and how many they may. */
export function Users() {
  const listing = useListing(['q'], '-connections');
  const source = useListed(
    'users',
    listing.members,
    (answer: UsersAnswer) => answer.users,
    ({ user }) => user,
  );
  return (
    <List
      slim
      title="Users"
      listing={listing}
      source={source}
      columns={COLUMNS}
      empty="No user is connected. Who is anonymous is not counted here, and has no limit."
    >
      <Filter name="q" label="Search" hint="part of a name" />
    </List>
  );
}

const COLUMNS: readonly Column<UserRow>[] = [
  {
    name: 'user',
    width: 18,
    label: 'User',
    sort: 'user',
    cell: ({ user }) => (
      <a class="opener" href={format('connections', { user })} title="Their connections">
        <Foreign of={user} max={40} />
      </a>
    ),
  },
  {
    name: 'connections',
    width: 8,
    label: 'Connections',
    sort: 'connections',
    numeric: true,
    cell: ({ connections }) => count(connections),
  },
  { name: 'limit', width: 5, label: 'Limit', numeric: true, cell: ({ limit }) => (limit > 0 ? count(limit) : 'none') },
  { name: 'use', width: 16, label: 'Of the limit', cell: (row) => <Use {...row} /> },
];

const NEAR = 0.75;

function Use({ connections, limit }: UserRow) {
  if (!limit) return <span class="none">no limit</span>;
  const share = connections / limit;
  const tone = share >= 1 ? 'wrong' : share >= NEAR ? 'chosen' : 'calm';
  const words = share >= 1 ? 'at the limit' : share >= NEAR ? 'near the limit' : 'room left';
  return (
    <span class="use" data-tone={tone}>
      <span class="bar" aria-hidden="true">
        <span style={{ inlineSize: `${Math.min(share, 1) * 100}%` }} />
      </span>
      <span>{words}</span>
    </span>
  );
}
