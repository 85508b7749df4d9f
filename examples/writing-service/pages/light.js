// The stream's state: colour, shape and words. A console line tells each change.

import { clock, make } from '/pages/dom.js';

const TOO_MANY = 429;
const WORDS = {
  idle: 'Off',
  connecting: 'Connecting',
  connected: 'Live',
  reconnecting: 'Reconnecting',
  failed: 'No connection',
  suspended: 'Paused',
  closed: 'Closed',
};

export function showLight(element, client) {
  const words = make('b', { role: 'status' });
  const detail = make('span');
  element.replaceChildren(words, ' ', detail);
  let before;
  const show = () => {
    const { status, retryAt, error, role, connection } = client.status.getSnapshot();
    const seconds = retryAt === null ? null : Math.max(0, Math.ceil((retryAt - Date.now()) / 1_000));
    Object.assign(element.dataset, { status, role, node: connection?.node ?? '' });
    if (words.textContent !== WORDS[status]) words.textContent = WORDS[status];
    const where = connection ? `by ${connection.node}` : '';
    detail.textContent = seconds === null ? where : `next try ${seconds ? `in ${seconds} s` : 'now'}`;
    if (status !== before) console.info('tidings:', status, error?.message ?? '');
    before = status;
  };
  client.status.subscribe(show);
  setInterval(show, 1_000);
  show();
}

/** Where the author has as many browsers as there may be: which ones, since when, and at which hub. `refused` is told. */
export function showRefusal({ box, why, by, again }, client, refused) {
  again.addEventListener('click', () => client.reconnect());
  client.status.subscribe(() => {
    const { status, error } = client.status.getSnapshot();
    const isRefused = status !== 'connected' && error?.status === TOO_MANY;
    if (isRefused && error.heldBy) {
      why.textContent = `Places taken: ${error.heldBy.length} of ${error.limit}.`;
      by.replaceChildren(...error.heldBy.map((one) => make('li', { 'data-id': one.id }, holder(one))));
    }
    if (isRefused && box.hidden) refused();
    box.hidden = !isRefused;
  });
}

const holder = ({ id, node, since }) => `since ${clock(since)}, at ${node} (${id})`;
