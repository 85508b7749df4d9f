// The books, each as its latest state says.

import { make, say } from '/pages/dom.js';

const PHASES = {
  queued: () => 'Waits for a writer',
  outlining: () => 'Being outlined',
  writing: ({ written, chapters }) => `Chapter ${written.length + 1} of ${chapters} is being written`,
  editing: () => 'Being edited',
  done: ({ written }) => `Done, ${written.reduce((sum, { words }) => sum + words, 0)} words`,
};

/** `take(state)` shows it, unless something later is shown already; after `load` it is known where there is none. */
export function showBooks(list, none) {
  const shown = new Map();

  const take = (state) => {
    const known = shown.get(state.id);
    if (known && known.step >= state.step) return;
    const element = known?.element ?? build(state);
    if (!known) list.prepend(element);
    shown.set(state.id, { step: state.step, element });
    update(element, state);
    none.hidden = true;
  };
  const load = (states) => {
    states.forEach(take);
    none.hidden = shown.size > 0;
  };
  return { take, load };
}

function build({ id, title, chapters }) {
  return make(
    'li',
    { className: 'book', 'data-book': id },
    make('h3', {}, title),
    make('p', { className: 'phase' }),
    make('progress', { max: chapters + 2, 'aria-label': `Progress of ${title}` }),
    make('ol', { className: 'chapters' }),
  );
}

function update(element, state) {
  const { phase, step, written } = state;
  element.dataset.phase = phase;
  element.dataset.step = step;
  say(element.querySelector('.phase'), PHASES[phase](state));
  element.querySelector('progress').value = step - 1;
  const chapters = element.querySelector('.chapters');
  for (const { title, words } of written.slice(chapters.childElementCount)) {
    chapters.append(make('li', {}, title, ' ', make('span', { className: 'quiet' }, `${words} words`)));
  }
}
