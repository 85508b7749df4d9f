import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../format.js';
import type { Source } from '../hub/listed.js';
import type { Listing } from '../listing.js';
import { useRoute } from '../routing.js';
import { useSteady } from '../rows/steady.js';
import { ListHead } from './list-head.js';
import { Pager } from './pager.js';
import { SortChoice } from './sort-choice.js';
import { type Column, Table } from './table.js';
import { Trouble } from './trouble.js';

interface ListProps<Row> {
  readonly title: string;
  readonly listing: Listing;
  readonly source: Source<Row>;
  readonly columns: readonly Column<Row>[];
  /** What there is to read where there is no row, though nothing was filtered out. */
  readonly empty: string;
  /** The parameter that opens a row: its key. While one is open, no row moves. */
  readonly opens?: string;
  readonly slim?: boolean;
  readonly above?: ComponentChildren;
  /** The filters. */
  readonly children: ComponentChildren;
}

/** A list that the hub selects, sorts and cuts: its head, its filters, its rows, which can be held, and its pages. */
export function List<Row>({ title, listing, source, columns, empty, opens, slim, above, children }: ListProps<Row>) {
  const { route, go } = useRoute();
  const [paused, setPaused] = useState(false);
  const { paging, sort, onSort } = listing;
  const { page, problem } = source;
  const open = opens && route.params[opens];
  const steady = useSteady(page, JSON.stringify(listing.members), paused || Boolean(open));
  return (
    <>
      <ListHead
        title={title}
        total={count(page?.total)}
        paused={paused}
        onPause={setPaused}
        waiting={steady.waiting}
        onShow={steady.show}
      />
      {above}
      <search class="filters">
        {children}
        {sort && <SortChoice columns={columns} sort={sort} onSort={onSort} />}
      </search>
      <Trouble problem={problem} />
      <Table
        label={title}
        columns={columns}
        steady={steady}
        sort={sort}
        onSort={onSort}
        onOpen={opens ? (key) => go({ [opens]: key }) : undefined}
        selected={open}
        slim={slim}
      />
      {page?.order.length === 0 && !problem && <p class="empty">{nothing(page.total, listing.narrowed, empty)}</p>}
      <Pager paging={paging} page={page} />
    </>
  );
}

function nothing(total: number, narrowed: boolean, empty: string): string {
  if (total > 0) return 'Nothing is left on this page: go to the first.';
  return narrowed ? 'Nothing matches: change or clear a filter.' : empty;
}
