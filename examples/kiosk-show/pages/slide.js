// One slide as an element, for a whole screen as for a thumbnail: all sizes are shares of its own box.

import { ART } from '/pages/art.js';

export function slideElement(slide) {
  const { look, title, text } = slide ?? { look: 'paper', title: 'Nothing to show', text: '' };
  const element = document.createElement('article');
  element.className = 'slide';
  element.dataset.look = look;
  element.dataset.words = title.length + text.length > 160 ? 'many' : 'few';
  // Our own drawings; what people wrote goes in as text alone.
  element.innerHTML = ART[look] ?? '';
  const words = document.createElement('div');
  words.className = 'slide-words';
  words.append(line('h2', title));
  if (text) words.append(line('p', text));
  element.append(words);
  if (look === 'clock') setClock(element);
  return element;
}

/** Turns the hands of each clock on the page. */
export function runClocks() {
  setInterval(() => document.querySelectorAll('.slide[data-look=clock]').forEach(setClock), 1_000);
}

function setClock(element) {
  const now = new Date();
  const minutes = now.getMinutes() + now.getSeconds() / 60;
  const turn = (hand, degrees) => element.querySelector(hand).setAttribute('transform', `rotate(${degrees})`);
  turn('.hour', (now.getHours() % 12) * 30 + minutes / 2);
  turn('.minute', minutes * 6);
  turn('.second', now.getSeconds() * 6);
}

function line(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
