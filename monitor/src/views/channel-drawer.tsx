import { memo } from 'preact/compat';
import { useEffect, useReducer, useRef } from 'preact/hooks';
import { plural } from '../format.js';
import { useChannel, useConnectionStatus } from '../hub/client.js';
import { useMay } from '../hub/session.js';
import { Drawer } from '../parts/drawer.js';
import { Foreign } from '../parts/foreign.js';
import { Icon } from '../parts/icon.js';
import { PublishForm } from '../parts/publish-form.js';
import { When } from '../parts/when.js';
import { isChannel } from '../query.js';
import { format } from '../route.js';
import { came, EMPTY, gather, pause, TAIL_LINES_MAX, type Tail } from '../tail.js';
import { UNITS_MAX } from '../text.js';

const SHOW_EVERY_MS = 250;
const DATA_SHOWN_MAX = 400;

interface Line {
  readonly key: number;
  readonly at: number;
  /** Null for a gap. */
  readonly type: string | null;
  readonly text: string;
}

/** One channel, live, and a box to publish to it. */
export function ChannelDrawer({ channel, onClose }: { channel: string; onClose: () => void }) {
  const { tail, state, setPaused } = useTail(channel);
  const may = useMay();
  return (
    <Drawer title={<Foreign of={channel} max={60} />} onClose={onClose}>
      <p class="aside">
        <a href={format('connections', { channel })}>Who listens</a>
      </p>
      <section aria-labelledby="tail-title" class="tail">
        <header>
          <h3 id="tail-title">
            <span role="status">{state}</span>{' '}
            <span class="aside">{tail.seen === 0 ? 'nothing yet' : `${plural(tail.seen, 'event')} seen`}</span>
          </h3>
          <button type="button" aria-pressed={tail.paused} onClick={() => setPaused(!tail.paused)}>
            <Icon name={tail.paused ? 'play' : 'pause'} />{' '}
            {tail.paused ? `Go on${tail.waiting.length > 0 ? `, ${tail.waiting.length} wait` : ''}` : 'Pause'}
          </button>
        </header>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <ol class="lines" tabIndex={0} aria-label="Events, newest first">
          {tail.lines.map((line) => (
            <TailLine key={line.key} line={line} />
          ))}
        </ol>
        {tail.seen > TAIL_LINES_MAX && <p class="aside">The newest {TAIL_LINES_MAX} are shown.</p>}
      </section>
      {may && <PublishForm channel={channel} />}
    </Drawer>
  );
}

/** Drawn once: those before it are not drawn again with each that comes. */
const TailLine = memo(({ line: { at, type, text } }: { line: Line }) => {
  return (
    <li class={type === null ? 'gap' : undefined}>
      <p>
        <When at={at} />
        {type === null ? <strong>Gap</strong> : <Foreign of={type} class="tag" max={40} />}
      </p>
      <Foreign of={text} max={DATA_SHOWN_MAX} class="code" />
    </li>
  );
});

/** Events are shown in batches: a channel of a thousand a second must not make the page render a thousand times. */
function useTail(channel: string): { tail: Tail<Line>; state: string; setPaused: (paused: boolean) => void } {
  const [, again] = useReducer((turn: number) => turn + 1, 0);
  const own = useRef<{ tail: Tail<Line>; news: Line[]; last: number }>({ tail: EMPTY, news: [], last: 0 }).current;
  const add = (at: number, type: string | null, text: string) => {
    own.last += 1;
    gather(own.news, { key: own.last, at, type, text: text.slice(0, UNITS_MAX) });
  };
  const enabled = isChannel(channel);
  const connected = useConnectionStatus(({ status }) => status === 'connected');
  const may = useMay();
  const heard = useChannel(channel, (event) => add(event.time, event.type, JSON.stringify(event.data) ?? 'null'), {
    enabled,
    onGap: ({ reason }) => add(Date.now(), null, `Events were lost here: ${reason}`),
  });
  useEffect(() => {
    const timer = setInterval(() => {
      if (own.news.length === 0) return;
      own.tail = came(own.tail, own.news, own.last - own.tail.seen);
      own.news = [];
      again(undefined);
    }, SHOW_EVERY_MS);
    return () => clearInterval(timer);
  }, [own]);
  const setPaused = (paused: boolean) => {
    own.tail = pause(came(own.tail, own.news, own.last - own.tail.seen), paused);
    own.news = [];
    again(undefined);
  };
  const refused = !enabled || heard === 'denied';
  // Whoever may look after the hub need not be let read what others are told.
  const denial = may ? 'The hub has no such channel' : 'Its events are not for your role';
  const live = connected && heard === 'active';
  return { tail: own.tail, state: refused ? denial : live ? 'Live' : 'Not live yet', setPaused };
}
