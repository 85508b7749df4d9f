// A screen on the wall: what its channel said last is what it shows.

import { createClient } from '@tidings/client';
import { ask } from '/pages/ask.js';
import { showLight } from '/pages/light.js';
import { runClocks, slideElement } from '/pages/slide.js';

const ATTENDED_MS = 3_000;
const EMPTY_AFTER_MS = 1_000;
const name = decodeURIComponent(location.pathname.split('/').at(-1));
const stage = document.getElementById('stage');
const place = document.getElementById('place');

// `earliest`: with what the hub still holds, which of this channel is the latest slide. So a screen that was off shows
// the right one at once, and asks nobody.
const client = createClient({ url: '', type: 'display', since: 'earliest' });
client.on(`display:${name}`, 'slide', ({ data }) => show(data), { onGap: fetchCurrent });

/** The hub no longer holds what was missed: ask the kiosk itself. */
async function fetchCurrent() {
  show(await ask('GET', `displays/${name}`).catch(() => null));
}

function show(current) {
  const slide = current?.slide ?? {
    look: 'paper',
    title: `This is “${name}”`,
    text: 'No show is set up for it yet.\nAdd a display of this name on the kiosk’s page.',
  };
  stage.replaceChildren(slideElement(slide));
  stage.dataset.slide = current ? current.index : '';
  place.textContent = current ? `${current.name}, ${current.index + 1} of ${current.of}` : '';
}

let resting;
function attended() {
  document.body.classList.add('attended');
  clearTimeout(resting);
  resting = setTimeout(() => document.body.classList.remove('attended'), ATTENDED_MS);
}

addEventListener('pointermove', attended);
addEventListener('keydown', ({ key, ctrlKey, metaKey, altKey }) => {
  if (ctrlKey || metaKey || altKey) return;
  attended();
  const step = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[key];
  if (step) ask('PUT', `displays/${name}`, { step }).catch(console.error);
  if (key === 'f')
    document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
});

document.title = `${name} · Kiosk show`;
document.getElementById('name').textContent = `Display ${name}`;
showLight(document.getElementById('light'), client);
runClocks();

// A channel that nothing was ever published to: say so, rather than stay dark.
const stop = client.status.subscribe(() => {
  if (client.status.getSnapshot().status !== 'connected') return;
  stop();
  setTimeout(() => stage.childElementCount === 0 && fetchCurrent(), EMPTY_AFTER_MS);
});
