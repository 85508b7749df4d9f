import { useRoute } from './routing.js';

export const PAGE_ROWS = 50;

export interface Paging {
  /** From 1. */
  readonly page: number;
  readonly limit: number;
  readonly after: string | undefined;
  readonly first: () => void;
  readonly previous: (() => void) | null;
  readonly next: (after: string) => void;
}

/** The page of a list, kept in the address. The way back to earlier pages is kept with the history's entry. */
export function usePaging(): Paging {
  const { route, go } = useRoute();
  const { after, page: given } = route.params;
  const page = after === undefined ? 1 : Math.max(Math.trunc(Number(given)) || 2, 2);
  // A filter begins at the first page, on the entry of the page before.
  const trail: readonly (string | undefined)[] = page === 1 ? [] : (history.state?.trail ?? []);
  const known = trail.length === page - 1;
  const to = (place: number, mark: string | undefined, way: readonly (string | undefined)[]) =>
    go({ after: mark, page: place > 1 ? String(place) : undefined }, { trail: way });
  return {
    page,
    limit: PAGE_ROWS,
    after,
    first: () => to(1, undefined, []),
    previous: page > 1 && known ? () => to(page - 1, trail.at(-1), trail.slice(0, -1)) : null,
    next: (mark) => to(page + 1, mark, known ? [...trail, after] : []),
  };
}
