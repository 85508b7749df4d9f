// Each chapter as it was told: each is a line of its own, once, whichever way it came.

import { clock, make } from '/pages/dom.js';

const LINES_MAX = 200;

export function showFeed(list) {
  const known = new Set();

  const take = (id, time, { title, number, book }) => {
    if (known.has(id)) return;
    known.add(id);
    const line = make('li', { 'data-book': book, 'data-number': number, 'data-time': time });
    line.append(make('time', { className: 'quiet' }, clock(time)), ` Chapter ${number}: ${title}`);
    // What is asked for comes after what was told meanwhile.
    const later = [...list.children].find((other) => Number(other.dataset.time) > time);
    list.insertBefore(line, later ?? null);
    while (list.childElementCount > LINES_MAX) list.firstElementChild.remove();
  };
  return { take };
}
