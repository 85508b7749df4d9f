import { useEffect, useRef, useState } from 'preact/hooks';
import { audit, balance, headline } from '../books.js';
import { useNow } from '../clock.js';
import { count, relative } from '../format.js';
import { useConnectionStatus } from '../hub/client.js';
import type { Latest } from '../hub/stats.js';
import type { Stats } from '../hub/types.js';
import { Icon } from './icon.js';
import { Light } from './light.js';

const SPEAK_EVERY_MS = 10_000;

/** The number that is always true, and why it can be believed. */
export function Headline({ latest: { stats, at } }: { latest: Latest }) {
  const own = useConnectionStatus((snapshot) => snapshot.status === 'connected');
  const words = stats ? headline(stats.connections.active, own) : null;
  return (
    <section class="headline" aria-labelledby="open-connections">
      <h1 id="open-connections">Open connections</h1>
      <p class="count" id="count">
        {words ? (
          <>
            <strong>{words.number}</strong>
            {words.rest}
          </>
        ) : (
          <strong>–</strong>
        )}
      </p>
      <Spoken words={words ? `Open connections: ${words.number}${words.rest}` : ''} />
      <Books stats={stats} />
      <Light at={at} />
    </section>
  );
}

function Books({ stats }: { stats: Stats | null }) {
  if (!stats) return <p class="balance">–</p>;
  const { opened, closed, open, holds } = balance(stats);
  const { truth } = stats;
  return (
    <div class="balance">
      <p data-holds={holds} id="balance">
        <Icon name={holds ? 'check' : 'alert'} />
        <span>
          {count(opened)} opened − {count(closed)} closed = {count(open)} open
          {!holds && `, but ${count(stats.connections.active)} are in the table: report this`}
        </span>
      </p>
      <Audit truth={truth} />
    </div>
  );
}

/** The books against the kernel's sockets: whoever doubts the number can read it here. */
function Audit({ truth }: { truth: Stats['truth'] }) {
  const { holds, words } = audit(truth);
  const now = useNow();
  return (
    <p data-holds={holds} id="audit">
      <Icon name={holds === 'unknown' ? 'pause' : holds === 'true' ? 'check' : 'alert'} />
      <span>
        {words}
        {truth.audited_at !== null && <span class="aside">, {relative(truth.audited_at, now)}</span>}
      </span>
    </p>
  );
}

/** For screen readers: the number, when it has changed, and not at every change. */
function Spoken({ words }: { words: string }) {
  const [said, setSaid] = useState('');
  const latest = useRef(words);
  latest.current = words;
  useEffect(() => {
    const timer = setInterval(() => setSaid(latest.current), SPEAK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="unseen" role="status">
      {said}
    </p>
  );
}
