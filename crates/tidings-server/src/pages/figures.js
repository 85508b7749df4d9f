// The hub's other counters, each with its word.

import { element, foreign } from '/assets/elements.js';
import { count, duration } from '/assets/words.js';

/** Pairs for a `<dl>`. */
export function figures({ node, uptime_seconds: uptime, users, channels, events, connections }) {
  const byType = Object.entries(connections.by_type ?? {}).filter(([, number]) => number > 0);
  const refused = Object.values(connections.refused_total ?? {}).reduce((sum, number) => sum + number, 0);
  return [
    figure('By type', byType.map(([type, number]) => `${count(number)} ${type}`).join(', ') || 'none', 'broad'),
    figure('Users', count(users)),
    figure('Channels', count(channels)),
    figure('Published', count(events.published_total)),
    figure('Delivered', count(events.delivered_total)),
    figure('Gaps', count(events.gaps_total)),
    figure('Refused', count(refused)),
    figure('Up for', duration(uptime * 1_000)),
    figure('Node', node, 'broad'),
  ];
}

/** What the last shutdown left, in a sentence. */
export function shutdownSummary({ last_shutdown_cleanup_summary: last } = {}) {
  if (!last) return [];
  const whole = last.connections_after === 0;
  return [
    element('strong', {}, whole ? '✓ Last shutdown complete: ' : '✕ Last shutdown incomplete: '),
    `${count(last.total_cleaned)} of ${count(last.connections_before)} connections ended in ${last.iterations} rounds and ` +
      `${duration(last.cleanup_duration_ms)}, ${count(last.connections_after)} left` +
      (last.max_iterations_reached ? '; it stopped at its limit of rounds.' : '.'),
  ];
}

function figure(name, value, kind) {
  return element('div', { class: kind }, element('dt', {}, name), element('dd', {}, foreign(value)));
}
