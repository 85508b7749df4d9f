import { count } from '../format.js';
import type { Paging } from '../paging.js';
import { Icon } from './icon.js';

/** First, previous, next: pages of a list that the hub cuts. */
export function Pager({
  paging,
  rows,
  total,
  next,
}: {
  paging: Paging;
  rows: number;
  total: number;
  next: string | null;
}) {
  // Of the last page the end is known, however many have gone from the pages before it.
  const first = next === null ? total - rows + 1 : (paging.page - 1) * paging.limit + 1;
  const single = paging.page === 1 && next === null;
  return (
    <nav class="pager" aria-label="Pages">
      <p>
        {rows === 0
          ? 'None'
          : single
            ? `All ${count(total)}`
            : `${count(first)}–${count(first + rows - 1)} of ${count(total)}`}
      </p>
      {!single && (
        <>
          <button type="button" disabled={paging.page === 1} onClick={paging.first}>
            First
          </button>
          <button type="button" disabled={!paging.previous} onClick={paging.previous ?? undefined}>
            <Icon name="left" /> Previous
          </button>
          <button type="button" disabled={next === null} onClick={() => next !== null && paging.next(next)}>
            Next <Icon name="right" />
          </button>
        </>
      )}
    </nav>
  );
}
