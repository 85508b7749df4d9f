// The page `/`: one live stream, the events that came over it, a box to publish with, and the same as curl.

import { Feed } from '/assets/feed.js';
import { light } from '/assets/light.js';
import { publishBox } from '/assets/publish.js';
import { LiveStream } from '/assets/stream.js';

const find = (id) => document.getElementById(id);
const feed = new Feed({ list: find('list'), empty: find('empty'), tally: find('tally'), seen: find('channels-seen') });
const listen = find('listen');
let channels = new URLSearchParams(location.search).get('channels') || 'all';
let wasConnected = false;

const stream = new LiveStream({
  params: () => ({ channels, envelope: '1' }),
  onState: (state) => {
    showLight();
    if (state.name === 'waiting' && wasConnected) feed.note('lost', 'Connection lost', state.text);
    if (state.name === 'ended') feed.note('lost', 'Stream ended by the hub', state.reason);
    if (state.name === 'connected') feed.note('back', wasConnected ? 'Connected again' : 'Connected', resumed(state.hub));
    wasConnected = state.name === 'connected' || (wasConnected && state.name === 'connecting');
  },
  onEvent: (event) => {
    if (event.type === 'gap') feed.gap(event);
    else if (!SILENT.has(event.type)) feed.event(event);
  },
});
const showLight = light(find('light'), stream, () => stream.open());
const commands = publishBox(find('publish'), () => channels);

listen.elements.channels.value = channels;
listen.addEventListener('submit', (event) => {
  event.preventDefault();
  channels = listen.elements.channels.value.trim() || 'all';
  listen.elements.channels.value = channels;
  history.replaceState(null, '', channels === 'all' ? '/' : `/?${new URLSearchParams({ channels })}`);
  commands.show();
  wasConnected = false;
  stream.restart();
});
find('clear').addEventListener('click', () => feed.clear());
find('hold').addEventListener('click', ({ currentTarget: button }) => {
  const held = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', String(held));
  button.textContent = held ? 'Let go' : 'Hold';
  feed.hold(held);
});
stream.open();

// Told elsewhere: by the light, or by a note of their own.
const SILENT = new Set(['connected', 'closing', 'refused']);

function resumed({ channels: names, resume }) {
  const states = Object.values(resume ?? {});
  const on = `on ${names?.join(', ') ?? channels}`;
  if (states.includes('gap')) return `${on}; some events are out of reach`;
  return states.includes('ok') ? `${on}; nothing missed` : on;
}
