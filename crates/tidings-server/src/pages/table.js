// The table of live connections. Rows are keyed by id and stay where they are: a new one comes in at the end, one that
// ended stays, dimmed and with a word, until nobody can be pointing at it.

import { element, fill, foreign, say } from '/assets/elements.js';
import { clock, count, duration, moment } from '/assets/words.js';

const LINGER_MS = 4_000;
const SURE_WITHIN_MS = 4_000;
const CHANNELS_SHOWN = 4;

export class ConnectionTable {
  /** The id of the stream that this page itself holds. */
  own = null;
  #body;
  #onKick;
  #rows = new Map();

  constructor({ body, onKick }) {
    this.#body = body;
    this.#onKick = onKick;
  }

  show(connections) {
    const live = new Set();
    for (const connection of [...connections].sort(byAge)) {
      live.add(connection.id);
      const row = this.#rows.get(connection.id) ?? this.#enter(connection);
      row.update(connection, connection.id === this.own);
    }
    for (const [id, row] of this.#rows) {
      if (!live.has(id)) this.#end(id, row);
    }
  }

  #enter({ id }) {
    const row = new Row(id, () => this.#onKick(id));
    this.#rows.set(id, row);
    this.#body.append(row.node);
    return row;
  }

  #end(id, row) {
    row.end();
    const pointed = this.#body.matches(':hover') || this.#body.contains(document.activeElement);
    if (Date.now() - row.endedAt < LINGER_MS || pointed) return;
    row.node.remove();
    this.#rows.delete(id);
  }
}

class Row {
  node;
  endedAt = null;
  #cells = {};
  #button;
  #channels = null;

  constructor(id, onKick) {
    this.#button = kickButton(onKick);
    const cell = (key, label, kind) => {
      this.#cells[key] = element('td', { role: 'cell', 'data-label': label, class: kind });
      return this.#cells[key];
    };
    this.node = element('tr', { role: 'row', 'data-id': id, 'data-state': 'open' },
      cell('type', 'Type'), cell('user', 'User'), cell('connected', 'Connected', 'still'),
      cell('duration', 'Duration', 'number'), cell('ping', 'Last ping', 'number'), cell('events', 'Events', 'number'),
      cell('proof', 'Proof of life', 'still'), cell('channels', 'Channels', 'channels'), cell('remote', 'Remote', 'remote'),
      element('td', { role: 'cell', class: 'action' }, this.#button));
  }

  update(connection, own) {
    this.node.dataset.state = 'open';
    this.endedAt = null;
    const since = moment(connection.connected_at);
    // The hub's own clock, so that a browser whose clock is wrong tells the same.
    const now = since + connection.duration_ms;
    this.#once('type', () => [foreign(connection.type), element('span', { class: 'own', hidden: '' }, 'this monitor')]);
    this.#cells.type.querySelector('.own').hidden = !own;
    this.node.classList.toggle('is-own', own);
    this.#button.hidden = own;
    this.#button.disabled = false;
    this.#once('user', () => [foreign(connection.user)]);
    this.#once('remote', () => [foreign(connection.remote ?? '–')]);
    say(this.#cells.connected, clock(since));
    say(this.#cells.duration, duration(connection.duration_ms));
    say(this.#cells.ping, ago(moment(connection.last_ping_at), now));
    say(this.#cells.events, count(connection.events_sent));
    fill(this.#cells.proof, proof(connection.proof));
    this.#showChannels(connection.channels ?? []);
  }

  end() {
    if (this.endedAt !== null) return;
    this.endedAt = Date.now();
    this.node.dataset.state = 'closed';
    this.#button.disabled = true;
    say(this.#cells.proof, 'closed');
  }

  #once(key, make) {
    if (this.#cells[key].childNodes.length === 0) this.#cells[key].append(...make());
  }

  #showChannels(channels) {
    const key = channels.join(',');
    if (key === this.#channels) return;
    this.#channels = key;
    const shown = channels.slice(0, CHANNELS_SHOWN).map((name) => element('span', { class: 'channel' }, foreign(name, 40)));
    const rest = channels.length - shown.length;
    const more = rest > 0 ? [element('span', { class: 'hint', title: channels.slice(0, 100).join(', ') }, `+ ${rest}`)] : [];
    this.#cells.channels.replaceChildren(...shown, ...more, ...(channels.length === 0 ? ['–'] : []));
  }
}

// A kick can't be taken back: the first press asks, the second does it.
function kickButton(onKick) {
  const button = element('button', { type: 'button', class: 'kick' }, 'Kick');
  let timer = null;
  const calm = () => {
    clearTimeout(timer);
    timer = null;
    say(button, 'Kick');
    button.classList.remove('sure');
  };
  button.addEventListener('click', () => {
    if (timer !== null) {
      calm();
      return onKick();
    }
    say(button, 'Sure?');
    button.classList.add('sure');
    timer = setTimeout(calm, SURE_WITHIN_MS);
  });
  return button;
}

function proof(life) {
  if (!life) return ['–'];
  const told = `${life.kind} ${duration(life.age_ms)} ago`;
  return life.to === 'proxy' ? [told, element('span', { class: 'hint' }, 'as far as a proxy')] : [told];
}

function ago(at, now) {
  return Number.isFinite(at) ? `${duration(Math.max(0, now - at))} ago` : '–';
}

function byAge(one, other) {
  return moment(one.connected_at) - moment(other.connected_at) || (one.id < other.id ? -1 : 1);
}
