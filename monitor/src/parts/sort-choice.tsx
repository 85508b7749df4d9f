import { useId } from 'preact/hooks';
import type { Column } from './table.js';

/** The order, where there is no room for heads of columns. */
export function SortChoice<Row>({
  columns,
  sort,
  onSort,
}: {
  columns: readonly Column<Row>[];
  sort: string;
  onSort: (sort: string) => void;
}) {
  const id = useId();
  const sortable = columns.filter((column) => column.sort !== undefined);
  return (
    <p class="field narrow-only">
      <label for={id}>Order</label>
      <select id={id} value={sort} onChange={(event) => onSort(event.currentTarget.value)}>
        {sortable.flatMap(({ sort: by, label, numeric }) => [
          <option key={by} value={by}>{`${label}, ${numeric ? 'least first' : 'ascending'}`}</option>,
          <option key={`-${by}`} value={`-${by}`}>{`${label}, ${numeric ? 'most first' : 'descending'}`}</option>,
        ])}
      </select>
    </p>
  );
}
