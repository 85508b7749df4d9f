// The page `/admin/monitoring`: what is connected, live. It holds a stream of its own, of type `admin`, and counts it.

import { closedList, reasonTable } from '/assets/closed.js';
import { element, fill, say } from '/assets/elements.js';
import { figures, shutdownSummary } from '/assets/figures.js';
import { light } from '/assets/light.js';
import { LiveStream } from '/assets/stream.js';
import { ConnectionTable } from '/assets/table.js';
import { count, plural } from '/assets/words.js';

const POLL_EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 5_000;
const ROWS_MAX = 200;
const CLOSED_SHOWN = 12;

const find = (id) => document.getElementById(id);
const table = new ConnectionTable({ body: find('rows'), onKick: kick });
let closedTotal = -1;
let polling = false;

const stream = new LiveStream({
  // A stream for its own sake: on a channel that nobody publishes to, so that the monitor costs the hub nothing.
  params: () => ({ type: 'admin', channels: 'tidings:monitor' }),
  onState: (state) => {
    showLight();
    table.own = state.name === 'connected' ? state.hub.id : null;
    if (state.name !== 'connecting') poll();
  },
  onEvent: () => {},
});
const showLight = light(find('light'), stream, () => stream.open());

document.addEventListener('visibilitychange', poll);
setInterval(poll, POLL_EVERY_MS);
stream.open();

// At most one at a time, and none while nobody looks.
async function poll() {
  if (polling || document.hidden) return;
  polling = true;
  try {
    const [stats, live] = await Promise.all([ask('/api/sse/stats'), ask(`/api/sse/connections?limit=${ROWS_MAX}`)]);
    table.show(live.connections);
    headline(stats.connections, live.connections);
    fill(find('figures'), figures(stats));
    fill(find('summary'), shutdownSummary(stats.cleanup));
    await closed(stats.connections);
    say(find('problem'), '');
  } catch (problem) {
    say(find('problem'), `These figures are old: ${problem.message}.`);
  } finally {
    polling = false;
  }
}

function headline({ active, opened_total: opened, closed_total: byReason }, rows) {
  const ended = Object.values(byReason).reduce((sum, number) => sum + number, 0);
  const own = rows.some(({ id }) => id === table.own);
  const words = own ? (active === 1 ? ', this monitor' : ', this monitor among them') : '';
  fill(find('count'), [element('strong', {}, count(active)), words]);
  const holds = opened - ended === active;
  find('balance').dataset.holds = String(holds);
  const verdict = holds ? '✓ the books balance' : `✕ the books are off by ${count(opened - ended - active)}`;
  say(find('balance'), `${count(opened)} opened − ${count(ended)} closed = ${count(active)} open · ${verdict}`);
  say(find('listed'), rows.length < active ? `the first ${count(rows.length)} of ${count(active)}` : count(rows.length));
  find('empty').hidden = rows.length > 0;
  document.title = `${plural(active, 'connection')} · Tidings`;
}

async function closed({ closed_total: byReason }) {
  const total = Object.values(byReason).reduce((sum, number) => sum + number, 0);
  fill(find('reasons'), reasonTable(byReason, total));
  if (total === closedTotal) return;
  const recent = await ask(`/api/sse/connections/closed?limit=${CLOSED_SHOWN}`);
  fill(find('closed'), closedList(recent, CLOSED_SHOWN));
  closedTotal = total;
}

async function kick(id) {
  const answer = await fetch(`/api/sse/connections/${encodeURIComponent(id)}`, {
    method: 'DELETE',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ reason: 'kicked in the monitor' }),
  }).catch(() => null);
  if (!answer?.ok && answer?.status !== 404) {
    say(find('problem'), `Not kicked: ${answer ? `the hub answered ${answer.status}` : 'the hub cannot be reached'}.`);
  }
  poll();
}

async function ask(path) {
  const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).catch(() => {
    throw new Error('the hub cannot be reached');
  });
  if (!answer.ok) throw new Error(`the hub answered ${answer.status} on ${path.split('?')[0]}`);
  return answer.json();
}
