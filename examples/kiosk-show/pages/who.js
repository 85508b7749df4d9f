// Who is connected, as the hub's books say it: pushed by the hub's own channel, at most once a second. That a display's
// last screen has gone is told at once by the display's channel (`left`), so that is not waited for.

import { keyed, make, plural, say } from '/pages/dom.js';

const ROWS_MAX = 200;
const PREFIX = 'display:';
const PROOFS = { alive: 'it said so itself', acked: 'its machine took what was sent', wrote: 'nothing objected' };

/** `screens(on)` is told how many screens each display has; null while nobody says so. */
export function watchWho(client, body, count, screens) {
  const lists = { admin: new Map(), display: new Map() };
  for (const type of Object.keys(lists)) {
    const channel = `$hub/connections?type=${type}&sort=connected_at&limit=${ROWS_MAX}`;
    client.subscribe(channel, ({ data: { order, rows, full } }) => {
      const known = new Map(full ? [] : lists[type]);
      const receivedAt = Date.now();
      for (const row of rows) known.set(row.id, { ...row, receivedAt });
      lists[type] = new Map(order.map((id) => [id, known.get(id)]));
      show();
    });
  }
  client.subscribe(`${PREFIX}*`, ({ channel, type }) => {
    if (type !== 'left') return;
    for (const [id, { channels }] of lists.display) if (channels.includes(channel)) lists.display.delete(id);
    show();
  });
  client.status.subscribe(show);
  setInterval(() => document.hidden || show(), 1_000);

  function show() {
    const { connection } = client.status.getSnapshot();
    if (!connection) {
      say(count, 'Not connected: who is there is not known');
      return screens(null);
    }
    const { admin, display } = lists;
    if (!admin.has(connection.id)) return;
    const on = new Map();
    for (const channel of [...display.values()].flatMap(({ channels }) => channels)) {
      const name = channel.slice(PREFIX.length);
      on.set(name, (on.get(name) ?? 0) + 1);
    }
    const whose = admin.size === 1 ? 'this one' : 'this one among them';
    say(count, `${plural(on.size, 'display')} on, ${plural(admin.size, 'admin page')}, ${whose}`);
    const rows = new Map([...admin, ...display]);
    keyed(body, [...rows.keys()], build, (element, id) => update(element, rows.get(id), id === connection.id));
    screens(on);
  }
}

const build = () =>
  make('tr', {}, ...[0, 1, 2, 3, 4].map((cell) => make('td', { className: cell === 2 || cell === 4 ? 'number' : '' })));

function update(row, { type, channels, connected_at: since, proof, events_sent: events, receivedAt }, isOwn) {
  const now = Date.now();
  const heardOf = `${duration(proof.age_ms + now - receivedAt)} ago`;
  const texts = [
    isOwn ? `${type}, this page` : type,
    channels.filter((channel) => !channel.startsWith('$hub/')).join(', '),
    duration(now - since),
    `${heardOf}: ${proof.to === 'proxy' ? 'the proxy’s' : PROOFS[proof.kind]}`,
    String(events),
  ];
  row.dataset.type = type;
  row.classList.toggle('own', isOwn);
  for (const [at, text] of texts.entries()) say(row.children[at], text);
}

function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor(seconds / 60) % 60} min`;
}
