import { type Paging, usePaging } from './paging.js';
import type { Members } from './query.js';
import { FIRST_PAGE, useRoute } from './routing.js';

/** What of a list is asked for, as the address has it. */
export interface Listing {
  /** As the hub is asked. */
  readonly members: Members;
  /** Whether a filter is set. */
  readonly narrowed: boolean;
  readonly paging: Paging;
  /** Empty where the hub has one order only. */
  readonly sort: string;
  readonly onSort: (sort: string) => void;
}

/** `filters` are names of parameters; `firstSort` is the order that the address need not name. */
export function useListing(filters: readonly string[], firstSort = ''): Listing {
  const { route, go } = useRoute();
  const paging = usePaging();
  const sort = (firstSort && route.params.sort) || firstSort;
  const selected = Object.fromEntries(filters.map((name) => [name, route.params[name]]));
  return {
    members: { ...selected, sort, limit: paging.limit, after: paging.after },
    narrowed: Object.values(selected).some(Boolean),
    paging,
    sort,
    onSort: (by) => go({ sort: by === firstSort ? undefined : by, ...FIRST_PAGE }),
  };
}
