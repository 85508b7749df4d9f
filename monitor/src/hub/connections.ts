import { useEffect, useRef, useState } from 'preact/hooks';
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
/** Longer than the client keeps a channel that nobody listens to: whoever comes back then is told the whole page. */
const AWAY_MS = 500;

interface Pushed {
  readonly channel: string | null;
  readonly page: Page<ConnectionRow> | null;
}

const NOTHING: Pushed = { channel: null, page: null };

/** A page of the live connections: pushed by the hub; asked for where its name is too long, or until the first push. */
export function useConnections(members: Members): LivePage {
  const looking = useLooking();
  const path = address('connections', members);
  const channel = connectionsChannel(members);
  const [pushed, setPushed] = useState(NOTHING);
  /** What the next event builds on, while none was missed. */
  const known = useRef(NOTHING);
  const [lost, setLost] = useState(false);
  const enabled = channel !== null && looking && !lost;
  useChannel(
    channel ?? NOWHERE,
    (event) => {
      if (event.type !== 'connections' || event.channel !== channel) return;
      const page = applied(known.current.page, event.data as ConnectionsEvent, hubNow());
      known.current = { channel, page };
      if (page) setPushed(known.current);
      else setLost(true);
    },
    { enabled },
  );
  // Of another channel, or after a while away, the next event may build on what was not heard.
  useEffect(() => {
    return () => {
      known.current = NOTHING;
    };
  }, [channel, enabled]);
  useEffect(() => {
    if (!lost) return;
    const timer = setTimeout(() => setLost(false), AWAY_MS);
    return () => clearTimeout(timer);
  }, [lost]);
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
