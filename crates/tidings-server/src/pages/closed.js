// The connections that ended, and why.

import { element, foreign } from '/assets/elements.js';
import { clock, count, duration, moment } from '/assets/words.js';

const MEANS = {
  client_left: 'closed its socket',
  disconnected: 'said goodbye',
  superseded: 'came back anew',
  expired: 'its token ended',
  kicked: 'sent away',
  revoked: 'its token was revoked',
  max_age: 'old enough',
  limit: 'made room for a newer one',
  slow: 'fell off the log',
  stalled: 'took no bytes',
  lost: 'silently gone',
  lease: 'did not check in',
  draining: 'the hub was stopping',
  error: 'an error',
};

/** The last few that ended, newest first. */
export function closedList({ connections = [] }, shown) {
  if (connections.length === 0) return [element('li', { class: 'hint' }, 'None since the start.')];
  return [...connections]
    .sort((one, other) => moment(other.closed_at) - moment(one.closed_at))
    .slice(0, shown)
    .map(({ id, type, user, reason, duration_ms: lived, closed_at: at }) =>
      element('li', { 'data-id': id, 'data-reason': reason },
        element('time', {}, clock(moment(at))),
        element('span', {}, foreign(type, 40), ' of ', foreign(user, 60), `, after ${duration(lived)}`),
        reasonWord(reason)));
}

/** Each reason with its share; the bar only repeats the number beside it. */
export function reasonTable(byReason, total) {
  const rows = Object.entries(byReason).filter(([, number]) => number > 0).sort(([, one], [, other]) => other - one);
  if (rows.length === 0) return [element('tr', {}, element('td', { class: 'hint' }, 'None has ended yet.'))];
  return rows.map(([reason, number]) =>
    element('tr', {},
      element('th', { scope: 'row' }, reasonWord(reason), element('span', { class: 'hint' }, MEANS[reason] ?? '')),
      element('td', { class: 'bar' }, element('progress', { max: total, value: number, 'aria-hidden': 'true' })),
      element('td', { class: 'number' }, count(number))));
}

function reasonWord(reason) {
  return element('span', { class: 'reason', title: MEANS[reason] }, foreign(reason, 40));
}
