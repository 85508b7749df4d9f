import { address, type Members } from '../query.js';
import { listed, type Page } from '../rows/page.js';
import type { Refusal } from './ask.js';
import { usePolled } from './polled.js';
import type { Cut } from './types.js';

const ASK_EVERY_MS = 2_000;

/** A page of a list, however it came. */
export interface Source<Row> {
  /** Null until there is one of what is asked for now. */
  readonly page: Page<Row> | null;
  readonly problem: Refusal | null;
}

/** A page that is asked for again and again; with null as its members, it isn't. `answer` is the latest, of whatever page. */
export function useListed<Answer extends Cut, Row>(
  path: string,
  members: Members | null,
  rows: (answer: Answer) => readonly Row[],
  key: (row: Row) => string,
): Source<Row> & { readonly answer: Answer | null } {
  const { data, stale, problem } = usePolled<Answer>(members && address(path, members), ASK_EVERY_MS);
  const page = data && !stale ? listed(rows(data), key, data.total, data.next) : null;
  return { page, problem, answer: data };
}
