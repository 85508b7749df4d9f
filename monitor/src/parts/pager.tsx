import type { ComponentChildren } from 'preact';
import { count } from '../format.js';
import type { Paging } from '../paging.js';
import { Icon } from './icon.js';

interface PagerProps {
  readonly paging: Paging;
  readonly rows: number;
  readonly total: number;
  readonly next: string | null;
}

/** First, previous, next: pages of a list that the hub cuts. */
export function Pager({ paging, rows, total, next }: PagerProps) {
  const single = paging.page === 1 && next === null;
  return (
    <nav class="pager" aria-label="Pages">
      <p>{single ? all(total) : range(paging, rows, total, next)}</p>
      {!single && (
        <>
          <Turn go={paging.page > 1 ? paging.first : null}>First</Turn>
          <Turn go={paging.previous}>
            <Icon name="left" /> Previous
          </Turn>
          <Turn go={next === null ? null : () => paging.next(next)}>
            Next <Icon name="right" />
          </Turn>
        </>
      )}
    </nav>
  );
}

/** One that leads nowhere keeps the focus: whoever turned to the last page goes on from there. */
function Turn({ go, children }: { go: (() => void) | null; children: ComponentChildren }) {
  return (
    <button type="button" aria-disabled={go === null} onClick={() => go?.()}>
      {children}
    </button>
  );
}

function all(total: number): string {
  return total === 0 ? 'None' : `All ${count(total)}`;
}

function range({ page, limit }: Paging, rows: number, total: number, next: string | null): string {
  if (rows === 0) return `None of ${count(total)}`;
  // Of the last page the end is known, however many have gone from those before it.
  const first = next === null ? total - rows + 1 : (page - 1) * limit + 1;
  return `${count(first)}–${count(first + rows - 1)} of ${count(total)}`;
}
