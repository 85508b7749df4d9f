import type { ComponentChildren } from 'preact';
import { plural } from '../format.js';
import { Icon } from './icon.js';

interface ListHeadProps {
  readonly title: string;
  readonly total: string;
  readonly paused: boolean;
  readonly onPause: (paused: boolean) => void;
  readonly waiting: number;
  readonly onShow: () => void;
  readonly children?: ComponentChildren;
}

/** The head of a live list: what it is, and the hold on its rows. */
export function ListHead({ title, total, paused, onPause, waiting, onShow, children }: ListHeadProps) {
  return (
    <header class="list-head">
      <h2>
        {title} <span class="total">{total}</span>
      </h2>
      {children}
      <div class="holding">
        <button
          type="button"
          class="waiting"
          onClick={onShow}
          data-none={waiting === 0}
          // No stop for the keyboard while there is nothing to show, and yet the focus stays where it was pressed.
          aria-disabled={waiting === 0}
          tabIndex={waiting === 0 ? -1 : 0}
        >
          {waiting === 0 ? 'Up to date' : `${plural(waiting, 'change')}: show`}
        </button>
        <button type="button" aria-pressed={paused} onClick={() => onPause(!paused)}>
          <Icon name={paused ? 'play' : 'pause'} /> {paused ? 'Held' : 'Hold rows'}
        </button>
      </div>
    </header>
  );
}
