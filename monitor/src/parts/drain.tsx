import { useEffect, useRef, useState } from 'preact/hooks';
import { hubNow } from '../clock.js';
import { count, plural } from '../format.js';
import { useDeed } from '../hub/deed.js';
import { useMay } from '../hub/session.js';
import type { Stats } from '../hub/types.js';
import { Drawer } from './drawer.js';
import { Foreign } from './foreign.js';
import { Trouble } from './trouble.js';

/** Empties the node, on a second press, and counts down. */
export function DrainCard({ stats }: { stats: Stats }) {
  const [asked, setAsked] = useState(false);
  const { busy, done, problem, run } = useDeed<{ draining: boolean; window_ms: number }>();
  const draining = stats.phase !== 'serving';
  const may = useMay();
  const card = useRef<HTMLElement>(null);
  useEffect(() => {
    // The button that had the focus is gone.
    if (draining && done && document.activeElement === document.body) card.current?.focus();
  }, [draining, done]);
  const drain = async () => {
    await run('drain', { method: 'POST' });
    setAsked(false);
  };
  return (
    <section ref={card} tabIndex={-1} class="card" aria-labelledby="drain-title">
      <h3 id="drain-title">Drain</h3>
      {draining ? (
        <Countdown stats={stats} />
      ) : (
        <>
          <p class="aside">
            Ends every stream, spread over the drain’s window, and refuses new ones. For taking the node out of service.
          </p>
          {may && (
            <p class="actions">
              <button type="button" class="danger" aria-haspopup="dialog" onClick={() => setAsked(true)}>
                Drain this node…
              </button>
            </p>
          )}
        </>
      )}
      <Trouble problem={problem} />
      {asked && (
        <Drawer kind="box" title="Drain this node?" onClose={() => setAsked(false)}>
          <p>
            <Foreign of={stats.node} class="code" /> ends {plural(stats.connections.active, 'connection')}, this
            monitor’s among them, and takes no new ones. Their clients are told to come back later. There is no way back
            but to restart the process.
          </p>
          <p class="actions">
            <button type="button" onClick={() => setAsked(false)}>
              Leave it
            </button>
            <button type="button" class="danger solid" aria-disabled={busy} onClick={() => busy || void drain()}>
              Drain now
            </button>
          </p>
        </Drawer>
      )}
    </section>
  );
}

/** What is left of the drain, by the clock since the hub last said. */
export function Countdown({ stats }: { stats: Stats }) {
  const left = useLeft(stats.now + (stats.drain?.ends_in_ms ?? 0));
  const remaining = stats.drain?.remaining ?? stats.connections.active;
  const whole = stats.drain?.window_ms ?? 0;
  const over = remaining === 0;
  return (
    <div class="countdown" id="drain">
      <p>
        <strong role="timer">{over ? 'Drained' : left > 0 ? `${Math.ceil(left / 1_000)} s left` : 'Ending'}</strong>
        <span class="aside">
          {over
            ? ': nobody is connected, new streams are refused until a restart'
            : `, ${plural(remaining, 'connection')} to go`}
        </span>
      </p>
      <progress
        max={Math.max(whole, 1)}
        value={over ? Math.max(whole, 1) : whole - left}
        aria-label="Of the drain’s window"
      >
        {count(whole - left)} ms
      </progress>
    </div>
  );
}

const TICK_MS = 200;

function useLeft(endsAt: number): number {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((turn) => turn + 1), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return Math.max(endsAt - hubNow(), 0);
}
