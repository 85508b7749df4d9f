import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { count } from '../format.js';
import type { Paging } from '../paging.js';
import type { Page } from '../rows/page.js';
import { Icon } from './icon.js';

type Cut = Omit<Page<unknown>, 'rows'>;

/** First, previous, next: pages of a list that the hub cuts. Stays while the next is asked for, and the focus with it. */
export function Pager({ paging, page }: { paging: Paging; page: Cut | null }) {
  const single = useRef(true);
  if (page || paging.page > 1) single.current = paging.page === 1 && page?.next === null;
  const next = page?.next ?? null;
  return (
    <nav class="pager" aria-label="Pages">
      <p>{page && (single.current ? all(page.total) : range(paging, page))}</p>
      {!single.current && (
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

function range({ page, limit }: Paging, { order: { length: rows }, total, next }: Cut): string {
  if (rows === 0) return `None of ${count(total)}`;
  // Of the last page the end is known, however many have gone from those before it.
  const first = next === null ? total - rows + 1 : (page - 1) * limit + 1;
  return `${count(first)}–${count(first + rows - 1)} of ${count(total)}`;
}
