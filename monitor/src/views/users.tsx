import { useState } from 'preact/hooks';
import { count } from '../format.js';
import { usePolled } from '../hub/polled.js';
import type { UserRow } from '../hub/types.js';
import { usePaging } from '../paging.js';
import { Filter } from '../parts/filter.js';
import { Foreign } from '../parts/foreign.js';
import { ListHead } from '../parts/list-head.js';
import { Pager } from '../parts/pager.js';
import { SortChoice } from '../parts/sort-choice.js';
import { type Column, Table } from '../parts/table.js';
import { Trouble } from '../parts/trouble.js';
import { address } from '../query.js';
import { format } from '../route.js';
import { FIRST_PAGE, useRoute } from '../routing.js';
import { listed } from '../rows/page.js';
import { useSteady } from '../rows/steady.js';

const ASK_EVERY_MS = 2_000;
const FIRST_SORT = '-connections';

/** Who holds how many connections, and how many they may. */
export function Users() {
  const { route, go } = useRoute();
  const paging = usePaging();
  const [paused, setPaused] = useState(false);
  const { q, sort = FIRST_SORT } = route.params;
  const members = { q, sort, limit: paging.limit, after: paging.after };
  const { data, stale, problem } = usePolled<{ users: readonly UserRow[]; total: number; next: string | null }>(
    address('users', members),
    ASK_EVERY_MS,
  );
  const page = data && !stale ? listed(data.users, ({ user }) => user, data.total, data.next) : null;
  const steady = useSteady(page, JSON.stringify(members), paused);
  const sorted = (by: string) => go({ sort: by === FIRST_SORT ? undefined : by, ...FIRST_PAGE });
  return (
    <>
      <ListHead
        title="Users"
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
      <Table slim label="Users" columns={COLUMNS} steady={steady} sort={sort} onSort={sorted} />
      {page?.total === 0 && <p class="empty">No user is connected. `anonymous` is nobody, and has no limit.</p>}
      {page && <Pager paging={paging} rows={page.order.length} total={page.total} next={page.next} />}
    </>
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
