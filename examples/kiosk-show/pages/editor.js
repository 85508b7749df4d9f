// A show is edited as a whole and saved as a whole; displays that are at it follow when it is saved.

import { make } from '/pages/dom.js';
import { slideElement } from '/pages/slide.js';

const LOOKS = { paper: 'Paper', dusk: 'Dusk', waves: 'Waves', sun: 'Sun', clock: 'Clock', notice: 'Notice' };
const TITLE_CHARS_MAX = 120;
const TEXT_CHARS_MAX = 600;
const at = (id) => document.getElementById(id);
const dialog = at('editor');
let saving = null;

export function openEditor(id, { name, slides }, change) {
  at('editor-title').textContent = id ? `Edit ${name}` : 'New show';
  at('show-name').value = name;
  at('editor-problem').textContent = '';
  at('slides').replaceChildren(...slides.map(row));
  saving = () => {
    const words = at('show-name').value.trim();
    return change('PUT', `shows/${id ?? idFor(words)}`, { name: words, slides: rows().map(read) });
  };
  dialog.showModal();
}

function row(slide) {
  const look = make(
    'select',
    { name: 'look' },
    ...Object.entries(LOOKS).map(([value, text]) => make('option', { value }, text)),
  );
  const title = make('input', { name: 'title', value: slide.title, maxLength: TITLE_CHARS_MAX });
  const text = make('textarea', { name: 'text', value: slide.text, maxLength: TEXT_CHARS_MAX, rows: 2 });
  look.value = slide.look;
  const preview = make('div', { className: 'thumb', 'aria-hidden': 'true' }, slideElement(slide));
  const key = (words, label, onclick) =>
    make('button', { type: 'button', onclick, 'aria-label': label, title: label }, words);
  const item = make(
    'li',
    {},
    preview,
    make(
      'div',
      { className: 'fields' },
      make('label', {}, 'Title', title),
      make('label', {}, 'Look', look),
      make('label', { className: 'wide' }, 'Text', text),
    ),
    make(
      'div',
      { className: 'buttons' },
      key('↑', 'Move this slide up', () => move(item, item.previousElementSibling, 'before')),
      key('↓', 'Move this slide down', () => move(item, item.nextElementSibling, 'after')),
      key('×', 'Take this slide out', () => rows().length > 1 && item.remove()),
    ),
  );
  item.addEventListener('input', () => preview.replaceChildren(slideElement(read(item))));
  return item;
}

const rows = () => [...at('slides').children];

function read(item) {
  const value = (name) => item.querySelector(`[name=${name}]`).value;
  return { look: value('look'), title: value('title'), text: value('text') };
}

function move(item, neighbour, where) {
  const focused = document.activeElement;
  neighbour?.[where](item);
  focused.focus();
}

/** From a text: an empty line parts the slides, the first line of each is its title. */
function slidesFrom(text) {
  const parts = text
    .replaceAll('\r\n', '\n')
    .split(/\n\s*\n/)
    .map((part) => part.trim())
    .filter(Boolean);
  return parts.map((part) => {
    const [title, ...rest] = part.split('\n');
    const words = title.replace(/^#+\s*/, '').slice(0, TITLE_CHARS_MAX);
    return { look: 'paper', title: words, text: rest.join('\n').slice(0, TEXT_CHARS_MAX) };
  });
}

const idFor = (name) =>
  `${
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 24) || 'show'
  }-${Date.now().toString(36)}`;

at('add-slide').addEventListener('click', () => {
  const item = row({ look: 'paper', title: '', text: '' });
  at('slides').append(item);
  item.querySelector('[name=title]').focus();
});
at('cancel').addEventListener('click', () => dialog.close());
at('upload').addEventListener('change', async ({ target }) => {
  const [file] = target.files;
  if (!file) return;
  const slides = slidesFrom(await file.text());
  target.value = '';
  at('editor-problem').textContent = slides.length ? '' : 'There is no text in that file.';
  at('slides').append(...slides.map(row));
});
dialog.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const problem = await saving();
  at('editor-problem').textContent = problem ?? '';
  if (!problem) dialog.close();
});
