import { useState } from 'react';
import { flushSync } from 'react-dom';
import { Channel } from './Channel.js';
import { TidingsProvider } from './hub.js';
import { Light } from './Light.js';
import { Presence } from './Presence.js';
import { Publish } from './Publish.js';

const CHANNELS = ['jobs', 'pending-changes'] as const;
const TIMES = 50;

export function App() {
  return (
    <TidingsProvider options={{ url: '' }}>
      <Light />
      <main>
        <Channels />
        <Publish />
        <Presence channel="room:1" />
      </main>
    </TidingsProvider>
  );
}

function Channels() {
  const [mounted, set] = useState<Record<string, boolean>>({ jobs: true, 'pending-changes': true });
  const all = (on: boolean) => set(Object.fromEntries(CHANNELS.map((channel) => [channel, on])));
  const flap = () => {
    for (let times = 0; times < TIMES; times += 1) {
      flushSync(() => all(false));
      flushSync(() => all(true));
    }
  };
  return (
    <>
      {CHANNELS.map((channel) => (
        <section className="card" key={channel}>
          <h2>
            <code>{channel}</code>
            <button type="button" onClick={() => set((before) => ({ ...before, [channel]: !before[channel] }))}>
              {mounted[channel] ? 'Unmount' : 'Mount'}
            </button>
          </h2>
          {mounted[channel] ? (
            <Channel channel={channel} />
          ) : (
            <p className="empty">Nobody listens: the channel is off the stream.</p>
          )}
        </section>
      ))}
      <section className="card tools">
        <button type="button" onClick={flap}>
          Unmount and mount both {TIMES} times
        </button>
        <p className="hint">The hub’s count above should stay as it is.</p>
      </section>
    </>
  );
}
