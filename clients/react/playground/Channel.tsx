import { useRef, useState } from 'react';
import { type Events, useChannel } from './hub.js';

const SHOWN_MAX = 12;

interface Line {
  readonly key: string;
  readonly time: number;
  readonly type: string;
  readonly text: string;
}

/** The last events of a channel, and how often this component was rendered. */
export function Channel({ channel }: { channel: keyof Events & ('jobs' | 'pending-changes') }) {
  const [lines, set] = useState<readonly Line[]>([]);
  const renders = useRef(0);
  renders.current += 1;
  const add = (line: Line) => set((before) => [line, ...before].slice(0, SHOWN_MAX));
  const state = useChannel(
    channel,
    ({ id, offset, time, type, data }) => add({ key: `${id} ${offset}`, time, type, text: JSON.stringify(data) }),
    {
      onGap: ({ reason }) =>
        add({ key: `gap ${Date.now()}`, time: Date.now(), type: 'gap', text: `events were lost: ${reason}` }),
    },
  );
  return (
    <>
      <p className="facts">
        <span className={`pill ${state}`}>{state}</span> rendered {renders.current} times
      </p>
      {lines.length === 0 && <p className="empty">No event yet.</p>}
      <ol className="events">
        {lines.map(({ key, time, type, text }) => (
          <li key={key} className={type === 'gap' ? 'gap' : undefined}>
            <time>{new Date(time).toLocaleTimeString('en-GB')}</time> <b>{type}</b> <code>{text}</code>
          </li>
        ))}
      </ol>
    </>
  );
}
