import type { ComponentChildren } from 'preact';
import { memo } from 'preact/compat';
import type { Steady, SteadyRow } from '../rows/steady.js';
import { Icon } from './icon.js';

export interface Column<Row> {
  readonly name: string;
  readonly label: string;
  /** What the hub sorts by, where it can. */
  readonly sort?: string;
  readonly numeric?: boolean;
  /** In rem; the rest of the table is shared by these. So that a longer word in a cell moves nothing. */
  readonly width: number;
  readonly cell: (row: Row, gone: boolean) => ComponentChildren;
}

// Written out, since on narrow screens rows are laid out as cards: a table that isn't laid out as one has lost its meaning
// to screen readers.
const ROLE = {
  table: { role: 'table' },
  rowgroup: { role: 'rowgroup' },
  row: { role: 'row' },
  columnheader: { role: 'columnheader' },
  cell: { role: 'cell' },
} as const;

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly steady: Steady<Row>;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  readonly onOpen?: ((key: string) => void) | undefined;
  readonly selected?: string | undefined;
  /** Few columns: on a wide screen it stays narrow, so that a row can be followed. */
  readonly slim?: boolean | undefined;
}

/** Rows that the hub has sorted. */
export function Table<Row>({ label, columns, steady, sort, onSort, onOpen, selected, slim = false }: TableProps<Row>) {
  const least = columns.reduce((sum, { width }) => sum + width, 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class={slim ? 'scroll slim' : 'scroll'} aria-label={label} tabIndex={0}>
      <table {...ROLE.table} aria-label={label} style={{ '--least': `${least}rem` }}>
        <colgroup>
          {columns.map(({ name, width }) => (
            <col key={name} style={{ inlineSize: `${width}rem` }} />
          ))}
        </colgroup>
        <thead {...ROLE.rowgroup}>
          <tr {...ROLE.row}>
            {columns.map((column) => (
              <Head key={column.name} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody {...ROLE.rowgroup} {...steady.holds}>
          {steady.rows.map((row) => (
            <Line
              key={row.key}
              of={row}
              row={row.row}
              gone={row.gone}
              columns={columns}
              onOpen={onOpen}
              selected={row.key === selected}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Head<Row>({ column, sort, onSort }: { column: Column<Row>; sort: string; onSort: (sort: string) => void }) {
  const kind = column.numeric ? 'number' : undefined;
  if (column.sort === undefined) {
    return (
      <th {...ROLE.columnheader} scope="col" class={kind}>
        {column.label}
      </th>
    );
  }
  const direction = sort === column.sort ? 'ascending' : sort === `-${column.sort}` ? 'descending' : 'none';
  return (
    <th {...ROLE.columnheader} scope="col" class={kind} aria-sort={direction}>
      <button type="button" class="sort" onClick={() => onSort(turned(column, direction))}>
        {column.label}
        <span class="direction">
          {direction !== 'none' && <Icon name={direction === 'ascending' ? 'up' : 'down'} />}
        </span>
      </button>
    </th>
  );
}

/** Of numbers the greatest are looked for first, of names the beginning. */
function turned<Row>({ sort, numeric }: Column<Row>, direction: string): string {
  if (direction === 'none') return numeric ? `-${sort}` : `${sort}`;
  return direction === 'ascending' ? `-${sort}` : `${sort}`;
}

interface LineProps<Row> {
  of: SteadyRow<Row>;
  row: Row;
  gone: boolean;
  columns: readonly Column<Row>[];
  onOpen: ((key: string) => void) | undefined;
  selected: boolean;
}

function PlainLine<Row>({ of, row, gone, columns, onOpen, selected }: LineProps<Row>) {
  const open = (event: MouseEvent) => {
    const chosen = getSelection()?.toString();
    if (!chosen && !(event.target as Element).closest('a, button')) onOpen?.(of.key);
  };
  return (
    // By keyboard: the button in the first cell.
    <tr
      {...ROLE.row}
      data-key={of.key}
      data-gone={gone || undefined}
      data-selected={selected || undefined}
      data-opens={onOpen ? true : undefined}
      onClick={onOpen && open}
    >
      {columns.map((column, place) => (
        <td key={column.name} {...ROLE.cell} class={column.numeric ? 'number' : undefined} data-label={column.label}>
          {column.cell(row, gone)}
          {place === 0 && gone && (
            <span class="tag gone" title="It has ended, or moved to another page.">
              gone
            </span>
          )}
        </td>
      ))}
    </tr>
  );
}

const Line = memo(
  PlainLine,
  (one, other) =>
    one.row === other.row &&
    one.gone === other.gone &&
    one.selected === other.selected &&
    one.columns === other.columns,
) as typeof PlainLine;
