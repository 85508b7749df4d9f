// One display on the desk: what it shows now, whether a screen is there, and the keys to it.

import { make, plural, say } from '/pages/dom.js';
import { slideElement } from '/pages/slide.js';

const PACES = [
  [0, 'by hand'],
  [5, 'every 5 s'],
  [10, 'every 10 s'],
  [30, 'every 30 s'],
  [60, 'every minute'],
];

export function buildCard(name, change) {
  const set = (body) => change('PUT', `displays/${name}`, body);
  const button = (text, label, onclick) => make('button', { type: 'button', onclick, 'aria-label': label }, text);
  const show = make('select', {
    className: 'show-choice',
    onchange: () => set({ show: show.value }),
    'aria-label': `Show on ${name}`,
  });
  const pace = make(
    'select',
    { onchange: () => set({ seconds: Number(pace.value) }), className: 'pace', 'aria-label': `Pace of ${name}` },
    ...PACES.map(([value, text]) => make('option', { value }, text)),
  );
  const card = make(
    'article',
    { className: 'card', 'aria-label': `Display ${name}`, 'data-display': name },
    make('div', { className: 'row' }, make('h2', {}, name), make('p', { className: 'on' })),
    make('div', { className: 'screen', 'aria-hidden': 'true' }),
    make(
      'div',
      { className: 'keys' },
      button('←', `Previous slide on ${name}`, () => set({ step: -1 })),
      button('→', `Next slide on ${name}`, () => set({ step: 1 })),
      show,
      pace,
    ),
    make('div', { className: 'strip', role: 'group', 'aria-label': `Slides for ${name}` }),
    make(
      'p',
      { className: 'row' },
      make('a', { href: `/display/${name}`, target: '_blank' }, `Open ${name}`),
      button('Remove', `Remove ${name}`, () => change('DELETE', `displays/${name}`)),
    ),
  );
  card.set = set;
  return card;
}

export function updateCard(card, { name, show, slide, seconds, shows, screens }) {
  const on = card.querySelector('.on');
  on.dataset.on = screens > 0;
  say(on, screens === null ? 'Not known' : screens > 0 ? `On, ${plural(screens, 'screen')}` : 'Off');
  const { slides } = shows[show] ?? { slides: [] };
  once(card, 'now', [slides[slide]], () => card.querySelector('.screen').replaceChildren(slideElement(slides[slide])));
  once(
    card,
    'choices',
    Object.entries(shows).map(([id, { name: words }]) => [id, words]),
    (choices) =>
      card
        .querySelector('.show-choice')
        .replaceChildren(...choices.map(([value, text]) => make('option', { value }, text))),
  );
  once(card, 'strip', slides, () =>
    card.querySelector('.strip').replaceChildren(...slides.map((one, at) => thumb(card, name, one, at))),
  );
  card.querySelector('.show-choice').value = show;
  pace(card.querySelector('.pace'), seconds);
  card.querySelectorAll('.thumb button').forEach((button, at) => {
    if (at === slide) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  });
}

/** A picture, and a button over it: what is written in the picture is no part of the button's name. */
function thumb(card, name, slide, at) {
  const label = `Show slide ${at + 1} on ${name}: ${slide.title || 'without a title'}`;
  return make(
    'div',
    { className: 'thumb' },
    make('div', { className: 'picture', 'aria-hidden': 'true' }, slideElement(slide)),
    make('button', { type: 'button', 'aria-label': label, onclick: () => card.set({ slide: at }) }),
  );
}

/** A pace of its own, set by a program, is shown too. */
function pace(select, seconds) {
  if (![...select.options].some(({ value }) => Number(value) === seconds)) {
    select.append(make('option', { value: seconds }, `every ${seconds} s`));
  }
  select.value = seconds;
}

/** Builds a part anew only where what it stands for has changed. */
function once(card, part, value, build) {
  card.was ??= {};
  const text = JSON.stringify(value);
  if (card.was[part] === text) return;
  card.was[part] = text;
  build(value);
}
