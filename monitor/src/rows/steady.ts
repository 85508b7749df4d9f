import { useReducer, useRef } from 'preact/hooks';
import { arranged } from './order.js';
import type { Page } from './page.js';

export interface SteadyRow<Row> {
  readonly key: string;
  readonly row: Row;
  /** No longer on the page; shown until the order may change. */
  readonly gone: boolean;
}

export interface Steady<Row> {
  readonly rows: readonly SteadyRow<Row>[];
  readonly waiting: number;
  /** Shows what waits. */
  readonly show: () => void;
  /** For the element around the rows: a pointer over them or a focus within holds them. */
  readonly holds: {
    readonly onPointerEnter: (event: PointerEvent) => void;
    readonly onPointerLeave: () => void;
    readonly onFocusIn: (event: FocusEvent) => void;
    readonly onFocusOut: (event: FocusEvent) => void;
  };
}

/** Rows that stay in their places while somebody points at them or `held`; their figures go on. Another `scope` is another list. */
export function useSteady<Row>(page: Page<Row> | null, scope: string, held: boolean): Steady<Row> {
  const [, again] = useReducer((turn: number) => turn + 1, 0);
  const own = useRef({
    scope,
    shown: [] as readonly string[],
    known: new Map<string, Row>(),
    pointed: false,
    focused: false,
    body: null as Element | null,
    asked: false,
  }).current;
  if (own.scope !== scope) Object.assign(own, { scope, shown: [], known: new Map() });
  if (page) for (const [key, row] of page.rows) own.known.set(key, row);
  // A row that left the page took the focus with it, and no event tells of that.
  const within = own.focused && own.body?.contains(document.activeElement) === true;
  const holding = (held || own.pointed || within) && !own.asked;
  const { shown, waiting } = arranged(own.shown, page?.order ?? own.shown, holding);
  own.asked = false;
  own.shown = shown;
  for (const key of own.known.keys()) if (!shown.includes(key) && !page?.rows.has(key)) own.known.delete(key);

  const hold = (what: 'pointed' | 'focused', on: boolean) => {
    if (own[what] === on) return;
    own[what] = on;
    again(undefined);
  };
  return {
    rows: shown.map((key) => ({ key, row: own.known.get(key) as Row, gone: !page?.rows.has(key) })),
    waiting,
    show: () => {
      own.asked = true;
      again(undefined);
    },
    holds: {
      onPointerEnter: (event) => hold('pointed', event.pointerType !== 'touch'),
      onPointerLeave: () => hold('pointed', false),
      onFocusIn: (event) => {
        own.body = event.currentTarget as Element;
        hold('focused', true);
      },
      onFocusOut: (event) =>
        hold('focused', (event.currentTarget as Element).contains(event.relatedTarget as Node | null)),
    },
  };
}
