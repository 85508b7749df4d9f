import type { Snapshot } from '@tidings/client';
import { useState } from 'react';
import { useStorage } from '../hooks/useStorage';
import { useConnectionStatus, useEventState } from '../live';
import { count, megabytes } from '../words';

const WHOSE: Record<Snapshot['role'], string> = {
  solo: 'This tab’s own',
  leader: 'This tab’s, for all tabs',
  follower: 'Another tab’s',
};

/** Opened later, it adds its channels to the stream that is there; closed, it takes them away. */
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
  const role = useConnectionStatus(({ role }) => role);
  const [streams] = useEventState(
    '$hub/stats',
    (_: number | undefined, { data }) => data.connections.active,
    undefined,
  );
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
      <dd id="connection" data-role={role}>
        {WHOSE[role]}: <code>{connection ?? 'none'}</code>
      </dd>
      <dt>Streams that the hub counts</dt>
      <dd id="streams">{connection ? (streams ?? '…') : 'not known'}</dd>
    </dl>
  );
}
