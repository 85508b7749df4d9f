import type { ComponentChildren } from 'preact';
import { useNow } from '../clock.js';
import { bytes, count, duration, plural, relative } from '../format.js';
import { usePolled } from '../hub/polled.js';
import { useMay } from '../hub/session.js';
import type { ConnectionDetail } from '../hub/types.js';
import { ChannelNames } from '../parts/channel-names.js';
import { Drawer } from '../parts/drawer.js';
import { Foreign } from '../parts/foreign.js';
import { Kick } from '../parts/kick.js';
import { OwnTag } from '../parts/own-tag.js';
import { ProofOfLife } from '../parts/proof.js';
import { ReasonTag } from '../parts/reason-tag.js';
import { Timeline } from '../parts/timeline.js';
import { Trouble } from '../parts/trouble.js';
import { When } from '../parts/when.js';
import { reason } from '../words.js';

const ASK_EVERY_MS = 1_500;

/** All that the hub knows of one connection, live or lately closed, and the way to end it. */
export function ConnectionDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const asked = usePolled<ConnectionDetail>(`connections/${encodeURIComponent(id)}`, ASK_EVERY_MS);
  const { problem, again } = asked;
  const may = useMay();
  const told = asked.stale ? null : asked.data;
  const unknown = problem?.status === 404;
  // What was open when the hub last knew it isn't any more; how one ended stays true.
  const data = unknown && !told?.closed ? null : told;
  return (
    <Drawer title={data ? <Foreign of={data.connection.user} max={40} /> : 'Connection'} onClose={onClose}>
      <p class="subtitle">
        <Foreign of={id} max={60} class="code" /> <OwnTag id={id} />
      </p>
      {unknown && !data && (
        <p class="empty">The hub knows no such connection: it ended too long ago, or before the hub’s last start.</p>
      )}
      {!unknown && <Trouble problem={problem} />}
      {data && <State of={data} />}
      {data && <Facts of={data} />}
      {may && data && !data.closed && <Kick connection={data.connection} onKicked={again} />}
      {data && <Timeline moments={data.timeline} />}
    </Drawer>
  );
}

function State({ of: { closed } }: { of: ConnectionDetail }) {
  if (!closed) {
    return (
      <p class="state" data-open="true" role="status">
        <span class="lamp" aria-hidden="true" /> Open
      </p>
    );
  }
  return (
    <p class="state" data-open="false" role="status">
      Closed <ReasonTag of={closed.reason} /> <span class="aside">{reason(closed.reason).words}, </span>
      <When at={closed.closed_at} as="both" />
    </p>
  );
}

function Facts({ of: { connection, closed } }: { of: ConnectionDetail }) {
  const now = useNow();
  const lasted = closed ? connection.duration_ms : Math.max(now - connection.connected_at, 0);
  const facts: readonly (readonly [string, ComponentChildren])[] = [
    ['Type', <Foreign key="type" of={connection.type} />],
    ['Client', <Foreign key="client" of={connection.client_id} max={44} class="code" />],
    ['Remote', <Foreign key="remote" of={connection.remote} class="code" />],
    ['Connected', <When key="at" at={connection.connected_at} as="both" />],
    ['Duration', duration(lasted)],
    ['Events sent', count(connection.events_sent)],
    ['Bytes sent', bytes(connection.bytes_sent)],
    ...(closed ? [] : live(connection)),
  ];
  return (
    <dl class="facts">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function live(connection: ConnectionDetail['connection']): readonly (readonly [string, ComponentChildren])[] {
  const { lease } = connection;
  return [
    ['Node', <Foreign key="node" of={connection.node} class="code" />],
    ['Behind', plural(connection.behind ?? 0, 'event')],
    ['Last ping', <When key="ping" at={connection.last_ping_at} as="both" />],
    ['Last write', <When key="write" at={connection.last_write_at} as="both" />],
    ['Proof of life', <ProofOfLife key="proof" row={{ proof: connection.proof ?? null }} />],
    ['Lease', lease ? <LeaseLeft key="lease" of={lease} /> : 'none'],
    ['Channels', <ChannelNames key="channels" of={connection.channels ?? []} all />],
  ];
}

function LeaseLeft({ of: { seconds, expires_at: at } }: { of: { seconds: number; expires_at: number } }) {
  const now = useNow();
  return (
    <>
      {seconds} s <span class="aside">ends {relative(at, now)} unless it checks in</span>
    </>
  );
}
