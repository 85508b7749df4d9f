import { useEffect, useRef, useState } from 'preact/hooks';
import { hubNow } from '../clock.js';
import { useLooking } from '../looking.js';
import { connectionsChannel, type Members } from '../query.js';
import { applied, type Page } from '../rows/page.js';
import { useChannel, useConnectionStatus } from './client.js';
import { type Source, useListed } from './listed.js';
import type { ConnectionRow, ConnectionsAnswer, ConnectionsEvent } from './types.js';

export interface LivePage extends Source<ConnectionRow> {
  /** Pushed as it changes, and not asked for. */
  readonly live: boolean;
}

const NOWHERE = '$hub/stats';
/** Longer than the client keeps a channel that nobody listens to: whoever comes back then is told the whole page. */
const AWAY_MS = 500;

interface Pushed {
  readonly channel: string | null;
  readonly page: Page<ConnectionRow> | null;
}

const NOTHING: Pushed = { channel: null, page: null };

/** A page of the live connections: pushed by the hub; asked for where its name is too long, or while nothing is pushed. */
export function useConnections(members: Members): LivePage {
  const looking = useLooking();
  const channel = connectionsChannel(members);
  const [pushed, setPushed] = useState(NOTHING);
  /** What the next event builds on, while none was missed. */
  const known = useRef(NOTHING);
  const [lost, setLost] = useState(false);
  const [taken, setTaken] = useState<string | null>(null);
  const enabled = channel !== null && channel === taken && looking && !lost;
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
  const connected = useConnectionStatus(({ status }) => status === 'connected');
  const last = pushed.channel === channel ? pushed.page : null;
  const live = connected && last !== null;
  const asked = useListed(
    'connections',
    live ? null : members,
    (answer: ConnectionsAnswer) => answer.connections,
    ({ id }) => id,
  );
  // A name that the hub refuses would end the whole stream, should it begin with it: what was asked for first is sound.
  const sound = last !== null || asked.page !== null;
  useEffect(() => {
    if (sound) setTaken(channel);
  }, [sound, channel]);
  // While the stream is away, as in a drain, what it said last holds until an answer is newer.
  const older = !connected && last !== null && asked.page !== null;
  useEffect(() => {
    if (older) setPushed(NOTHING);
  }, [older]);
  return live ? { page: last, problem: null, live } : { page: asked.page ?? last, problem: asked.problem, live };
}
