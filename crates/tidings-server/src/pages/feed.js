// The list of what came over the stream, newest first, bounded however much is published.

import { element, foreign, say } from '/assets/elements.js';
import { clock, count, moment } from '/assets/words.js';

const ROWS_MAX = 200;
const DATA_SHOWN_MAX = 4_000;
const ONE_LINE_MAX = 90;

export class Feed {
  #list;
  #empty;
  #tally;
  #seen;
  #total = 0;
  #held = false;
  #waiting = [];
  #drawing = false;
  #channels = new Set();

  constructor({ list, empty, tally, seen }) {
    this.#list = list;
    this.#empty = empty;
    this.#tally = tally;
    this.#seen = seen;
  }

  event({ type, id, data }) {
    this.#total += 1;
    this.#add({ kind: 'event', type, id, data, at: Date.now() });
  }

  gap({ data }) {
    this.#add({ kind: 'gap', data, at: Date.now() });
  }

  /** Something about the stream itself; `kind` is `back` or `lost`. */
  note(kind, title, detail) {
    this.#add({ kind, title, detail, at: Date.now() });
  }

  hold(held) {
    this.#held = held;
    this.#draw();
  }

  clear() {
    this.#waiting = [];
    this.#list.replaceChildren();
    this.#total = 0;
    this.#draw();
  }

  // A burst costs one drawing, and a hidden page none: only what can still be shown is kept.
  #add(entry) {
    this.#waiting.push(entry);
    if (this.#waiting.length > ROWS_MAX) this.#waiting.shift();
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #draw() {
    const held = this.#held ? ` · ${count(this.#waiting.length)} held` : '';
    say(this.#tally, count(this.#total) + held);
    if (this.#held) return;
    const rows = this.#waiting.map((entry) => (entry.kind === 'event' ? this.#eventRow(entry) : noteRow(entry)));
    this.#waiting = [];
    this.#list.prepend(...rows.reverse());
    while (this.#list.childElementCount > ROWS_MAX) this.#list.lastElementChild.remove();
    this.#empty.hidden = this.#list.childElementCount > 0;
  }

  #eventRow({ type, id, data, at }) {
    const envelope = unwrap(data);
    const name = envelope.type ?? (type === 'message' ? null : type);
    const sent = moment(envelope.time);
    if (envelope.channel !== null) this.#offer(envelope.channel);
    return element(
      'li',
      { class: 'event', 'data-channel': envelope.channel },
      element('p', { class: 'event-head' },
        element('span', { class: 'event-channel' }, envelope.channel === null ? '–' : foreign(envelope.channel)),
        name === null ? '' : element('span', { class: 'event-type' }, foreign(name)),
        element('time', { title: id ? `received ${clock(at)}, cursor ${id}` : `received ${clock(at)}` },
          clock(Number.isFinite(sent) ? sent : at))),
      element('pre', { class: 'event-data', tabindex: '0' }, shown(envelope.data)),
    );
  }

  #offer(channel) {
    if (this.#channels.has(channel) || this.#channels.size >= 50) return;
    this.#channels.add(channel);
    this.#seen.append(element('option', { value: channel }));
  }
}

function noteRow({ kind, title, detail, data, at }) {
  if (kind === 'gap') {
    const { channel, reason } = parse(data) ?? {};
    return element('li', { class: 'note gap' },
      element('p', {},
        element('strong', {}, 'Gap'), ' on ', foreign(channel ?? 'a channel'),
        ': the history no longer reaches back', reason ? element('span', {}, ' (', foreign(reason), ')') : '',
        '. What it held has to be fetched anew.'),
      element('time', {}, clock(at)));
  }
  return element('li', { class: `note ${kind}` },
    element('p', {}, element('strong', {}, title), ' ', detail ? foreign(detail) : ''),
    element('time', {}, clock(at)));
}

// `{channel, type, id, offset, time, data}`; the hub's own words, but for `joined` and `left`, come without an envelope.
function unwrap(text) {
  const value = parse(text, exact);
  if (value === undefined) return { channel: null, data: text };
  const wrapped = value !== null && typeof value === 'object' && 'channel' in value && 'data' in value;
  if (!wrapped) return { channel: value?.channel ?? null, data: value };
  return { channel: String(value.channel), type: value.type ?? null, time: parse(text).time, data: value.data };
}

function shown(data) {
  const line = typeof data === 'string' ? JSON.stringify(data) : (JSON.stringify(data) ?? 'null');
  const text = line.length > ONE_LINE_MAX ? JSON.stringify(data, null, 2) : line;
  const rest = text.length - DATA_SHOWN_MAX;
  return foreign(rest > 0 ? `${text.slice(0, DATA_SHOWN_MAX)}… ${count(rest)} characters more` : text, Infinity);
}

function parse(text, reviver) {
  try {
    return JSON.parse(text, reviver);
  } catch {
    return undefined;
  }
}

// 12345678901234567890 is shown as it was sent, not as the nearest double.
function exact(_key, value, context) {
  const loses = typeof value === 'number' && context?.source !== undefined && String(value) !== context.source;
  return loses && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
}
