// The connection light: a colour, a shape and words, so that no one of them has to carry the meaning alone.

import { say } from '/assets/elements.js';
import { plural } from '/assets/words.js';

/** Keeps `root` (with `.light`, `.light-words`, `.light-detail`) telling the stream's state. */
export function light(root, stream, onAgain) {
  const words = root.querySelector('.light-words');
  const detail = root.querySelector('.light-detail');
  const again = root.querySelector('.light-again');
  again.addEventListener('click', onAgain);

  function show() {
    const { state } = stream;
    root.dataset.state = state.name;
    again.hidden = state.name !== 'ended' && state.name !== 'waiting';
    say(again, state.name === 'waiting' ? 'Try now' : 'Connect again');
    say(words, WORDS[state.name]);
    say(detail, DETAIL[state.name](state, stream));
  }
  setInterval(() => document.hidden || show(), 1_000);
  return show;
}

const WORDS = {
  connecting: 'Connecting',
  connected: 'Connected',
  waiting: 'Reconnecting',
  ended: 'Ended by the hub',
  paused: 'Paused',
};

const DETAIL = {
  connecting: ({ failures }) => (failures ? `attempt ${failures + 1}` : 'asking the hub for a stream'),
  connected: ({ hub }, { lastByteAt }) =>
    `as ${hub.id}, last sign of life ${plural(Math.max(0, Math.round((Date.now() - lastByteAt) / 1_000)), 'second')} ago`,
  waiting: ({ text, until }) => {
    const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1_000));
    return `${text}; next try ${seconds ? `in ${seconds} s` : 'now'}`;
  },
  ended: ({ reason }) => `reason: ${reason}`,
  paused: () => 'the page is in the background',
};
