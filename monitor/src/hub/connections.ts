import { useState } from 'preact/hooks';
import { hubNow } from '../clock.js';
import { useLooking } from '../looking.js';
import { address, connectionsChannel, type Members } from '../query.js';
import { applied, listed, type Page } from '../rows/page.js';
import type { Refusal } from './ask.js';
import { useChannel } from './client.js';
import { usePolled } from './polled.js';
import type { ConnectionRow, ConnectionsEvent } from './types.js';

export interface LivePage {
  readonly page: Page<ConnectionRow> | null;
  readonly problem: Refusal | null;
  /** Pushed as it changes, and not asked for. */
  readonly live: boolean;
}

const ASK_EVERY_MS = 2_000;
const NOWHERE = '$hub/stats';

/** A page of the live connections: pushed by the hub; asked for where its name is too long, or until the first push. */
export function useConnections(members: Members): LivePage {
  const looking = useLooking();
  const path = address('connections', members);
  const channel = connectionsChannel(members);
  const [pushed, setPushed] = useState<{ channel: string | null; page: Page<ConnectionRow> | null }>({
    channel: null,
    page: null,
  });
  useChannel(
    channel ?? NOWHERE,
    (event) => {
      if (event.type !== 'connections') return;
      setPushed((before) => ({
        channel,
        page: applied(before.channel === channel ? before.page : null, event.data as ConnectionsEvent, hubNow()),
      }));
    },
    { enabled: channel !== null && looking },
  );
  const live = pushed.channel === channel && pushed.page !== null;
  const polled = usePolled<{ connections: readonly ConnectionRow[]; total: number; next: string | null }>(
    live ? null : path,
    ASK_EVERY_MS,
  );
  if (live) return { page: pushed.page, problem: null, live };
  const { data, stale, problem } = polled;
  const page = data && !stale ? listed(data.connections, ({ id }) => id, data.total, data.next) : null;
  return { page, problem, live };
}
