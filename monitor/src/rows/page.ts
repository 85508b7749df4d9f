import type { ConnectionRow, ConnectionsEvent } from '../hub/types.js';

/** One page of a list: which rows, in what order. */
export interface Page<Row> {
  readonly total: number;
  readonly next: string | null;
  readonly order: readonly string[];
  readonly rows: ReadonlyMap<string, Row>;
}

/** The page after an event that tells what is new on it. Null where that stands on a page that isn't known (any more). */
export function applied(
  page: Page<ConnectionRow> | null,
  event: ConnectionsEvent,
  now: number,
): Page<ConnectionRow> | null {
  const news = new Map(event.rows.map((row) => [row.id, { ...row, told_at: now }]));
  const rows = new Map<string, ConnectionRow>();
  for (const id of event.order) {
    const row = news.get(id) ?? (event.full ? undefined : page?.rows.get(id));
    if (row === undefined) return null;
    rows.set(id, row);
  }
  return { total: event.total, next: event.next, order: event.order, rows };
}

/** A page that was asked for. */
export function listed<Row>(
  rows: readonly Row[],
  key: (row: Row) => string,
  total: number,
  next: string | null,
): Page<Row> {
  return { total, next, order: rows.map(key), rows: new Map(rows.map((row) => [key(row), row])) };
}
