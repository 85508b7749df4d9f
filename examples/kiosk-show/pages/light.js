// The status light: colour, shape and words. A console line tells each change.

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
  const words = document.createElement('b');
  words.setAttribute('role', 'status');
  const detail = document.createElement('span');
  element.replaceChildren(words, ' ', detail);
  let before;
  const show = () => {
    const { status, retryAt, error } = client.status.getSnapshot();
    const seconds = retryAt === null ? null : Math.max(0, Math.ceil((retryAt - Date.now()) / 1_000));
    element.dataset.status = status;
    if (words.textContent !== WORDS[status]) words.textContent = WORDS[status];
    detail.textContent = seconds === null ? '' : `next try ${seconds ? `in ${seconds} s` : 'now'}`;
    if (status !== before) console.info('tidings:', status, error?.message ?? '');
    before = status;
  };
  client.status.subscribe(show);
  setInterval(show, 1_000);
  show();
}
