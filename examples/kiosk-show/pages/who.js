// Who is connected, as the hub's books say it. The hub tells when a display's first screen comes and its last one goes
// (presence), and that is looked up at once; besides, every two seconds while somebody looks.

import { keyed, make, plural, say } from '/pages/dom.js';

const LOOK_EVERY_MS = 2_000;
const ROWS_MAX = 200;
const PROOFS = { alive: 'it said so itself', acked: 'its machine took what was sent', wrote: 'nothing objected' };

/** `screens(on)` is told how many screens each display has. */
export function watchWho(client, body, count, screens) {
  let looking = false;
  let again = false;

  async function look() {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    do {
      again = false;
      await once().catch(() => say(count, 'The hub does not answer'));
    } while (again);
    looking = false;
  }

  async function once() {
    const [displays, admins] = await Promise.all(['display', 'admin'].map(list));
    const own = client.status.getSnapshot().connection?.id;
    const on = new Map();
    for (const { channels } of displays.connections) {
      for (const channel of channels) on.set(channel.slice(8), (on.get(channel.slice(8)) ?? 0) + 1);
    }
    say(count, `${plural(on.size, 'display')} on, ${plural(admins.total, 'admin page')}${whose(admins, own)}`);
    const rows = new Map([...admins.connections, ...displays.connections].map((row) => [row.id, row]));
    keyed(body, [...rows.keys()], build, (element, id) => update(element, rows.get(id), id === own));
    screens(on);
  }

  client.status.subscribe(look);
  setInterval(() => document.hidden || look(), LOOK_EVERY_MS);
  document.addEventListener('visibilitychange', () => document.hidden || look());
  look();
  return { look };
}

function whose({ connections, total }, own) {
  if (!connections.some(({ id }) => id === own)) return '';
  return total === 1 ? ', this one' : ', this one among them';
}

async function list(type) {
  const answer = await fetch(`/api/sse/connections?type=${type}&limit=${ROWS_MAX}&sort=connected_at`);
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

const build = () =>
  make('tr', {}, ...[0, 1, 2, 3, 4].map((cell) => make('td', { className: cell % 2 ? '' : cell ? 'number' : '' })));

function update(row, { type, channels, duration_ms: ms, proof, events_sent: events }, isOwn) {
  const texts = [
    isOwn ? `${type}, this page` : type,
    channels.join(', '),
    duration(ms),
    `${duration(proof.age_ms)} ago: ${proof.to === 'proxy' ? 'the proxy’s' : PROOFS[proof.kind]}`,
    String(events),
  ];
  row.dataset.type = type;
  row.classList.toggle('own', isOwn);
  for (const [at, text] of texts.entries()) say(row.children[at], text);
}

function duration(ms) {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor(seconds / 60) % 60} min`;
}
