// The kiosk's desk: one stream for all of it. A display's slides come as events; that shows were edited is told, and
// they are asked for.

import { createClient } from '@tidings/client';
import { ask } from '/pages/ask.js';
import { buildCard, updateCard } from '/pages/card.js';
import { keyed, make, plural } from '/pages/dom.js';
import { openEditor } from '/pages/editor.js';
import { showLight } from '/pages/light.js';
import { runClocks, slideElement } from '/pages/slide.js';
import { watchWho } from '/pages/who.js';

const at = (id) => document.getElementById(id);
const client = createClient({ url: '', type: 'admin' });
let kiosk = { shows: {}, displays: {} };
let on = null;

watchWho(client, at('who'), at('count'), (screens) => {
  on = screens;
  render();
});

client.subscribe('display:*', heard, { onGap: fetchAll });
client.on('shows', 'changed', fetchAll, { onGap: fetchAll });
client.status.subscribe(onceConnected(fetchAll));

function heard({ channel, type, data }) {
  // A screen came, or went: who.js has it.
  if (type !== 'slide') return;
  const display = channel.slice('display:'.length);
  if (data && kiosk.displays[display]) Object.assign(kiosk.displays[display], { show: data.show, slide: data.index });
  render();
}

async function fetchAll() {
  try {
    kiosk = await ask('GET', '');
    at('problem').textContent = '';
    render();
  } catch (error) {
    at('problem').textContent = `The kiosk does not answer: ${error.message}`;
  }
}

/** Does it, and says, and answers, why where it could not be done. */
async function change(method, path, body) {
  const problem = await ask(method, path, body).then(
    () => '',
    (error) => error.message,
  );
  at('problem').textContent = problem;
  return problem;
}

function render() {
  const names = Object.keys(kiosk.displays).sort();
  keyed(
    at('displays'),
    names,
    (name) => buildCard(name, change),
    (card, name) => {
      const display = kiosk.displays[name];
      updateCard(card, { name, ...display, shows: kiosk.shows, screens: on && (on.get(name) ?? 0) });
    },
  );
  keyed(at('shows'), Object.keys(kiosk.shows), buildShow, updateShow);
}

function buildShow(id) {
  const edit = make('button', { type: 'button', onclick: () => openEditor(id, kiosk.shows[id], change) }, 'Edit');
  const remove = make('button', { type: 'button', onclick: () => change('DELETE', `shows/${id}`) }, 'Delete');
  return make(
    'article',
    { className: 'show' },
    make(
      'div',
      { className: 'row' },
      make('h3'),
      make('p', { className: 'hint' }),
      make('span', { className: 'buttons' }, edit, remove),
    ),
    make('div', { className: 'strip', 'aria-hidden': 'true' }),
  );
}

function updateShow(element, id) {
  const { name, slides } = kiosk.shows[id];
  const now = JSON.stringify(kiosk.shows[id]);
  if (element.was === now) return;
  element.was = now;
  element.querySelector('h3').textContent = name;
  element.querySelector('.hint').textContent = plural(slides.length, 'slide');
  for (const [button, does] of [...element.querySelectorAll('button')].map((button) => [button, button.textContent])) {
    button.setAttribute('aria-label', `${does} ${name}`);
  }
  const thumbs = slides.map((slide) => make('div', { className: 'thumb' }, slideElement(slide)));
  element.querySelector('.strip').replaceChildren(...thumbs);
}

/** After each time that the stream opens: what was done before it is not told. */
function onceConnected(call) {
  let id = null;
  return () => {
    const next = client.status.getSnapshot().connection?.id ?? null;
    if (next !== null && next !== id) call();
    id = next;
  };
}

at('add-display').addEventListener('submit', (event) => {
  event.preventDefault();
  const { name } = event.target.elements;
  change('PUT', `displays/${encodeURIComponent(name.value)}`, {});
  event.target.reset();
});
at('new-show').addEventListener('click', () => {
  openEditor(null, { name: '', slides: [{ look: 'dusk', title: '', text: '' }] }, change);
});

showLight(at('light'), client);
runClocks();
