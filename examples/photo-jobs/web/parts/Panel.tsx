import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { fetchOpenStreams } from '../api';
import { useStorage } from '../hooks/useStorage';
import { useConnectionStatus } from '../live';
import { count, megabytes } from '../words';

const ASK_EVERY_MS = 2_000;

/** Opened later, it adds a third channel to the stream that is there; closed, it takes it away. */
export function Panel() {
  const [open, setOpen] = useState(false);
  return (
    <section className="card" aria-labelledby="panel-title">
      <h2 id="panel-title">
        <button
          type="button"
          className="fold"
          aria-expanded={open}
          aria-controls="panel"
          onClick={() => setOpen(!open)}
        >
          Storage and stream
        </button>
      </h2>
      <div id="panel">{open && <Inside />}</div>
    </section>
  );
}

function Inside() {
  const storage = useStorage();
  const channels = useConnectionStatus(({ channels }) => channels);
  const connection = useConnectionStatus(({ connection }) => connection?.id);
  // The one thing here that no event tells.
  const streams = useQuery({ queryKey: ['streams'], queryFn: fetchOpenStreams, refetchInterval: ASK_EVERY_MS }).data;
  return (
    <dl>
      <dt>Stored</dt>
      <dd id="stored">
        {storage
          ? `${count(storage.photos, 'photo')} in ${count(storage.folders, 'folder')}: ${megabytes(storage.original_bytes)}, and ${megabytes(storage.thumbnail_bytes)} of thumbnails`
          : '…'}
      </dd>
      <dt>On this tab’s stream</dt>
      <dd>
        <ul id="channels">
          {Object.entries(channels).map(([channel, state]) => (
            <li key={channel}>
              <code>{channel}</code> {state === 'active' ? '' : state}
            </li>
          ))}
        </ul>
      </dd>
      <dt>Connection</dt>
      <dd>
        <code>{connection ?? 'none'}</code>
      </dd>
      <dt>Streams that the hub counts</dt>
      <dd id="streams">{connection ? (streams ?? '…') : 'not known'}</dd>
    </dl>
  );
}
