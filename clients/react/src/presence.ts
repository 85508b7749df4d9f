import type { AnyEvents, ChannelOf, Client } from '@tidings/client';
import { useEffect, useState } from 'react';
import { useTidings } from './provider.js';

export interface Presence {
  /** Who is on the channel, each once, however many connections they have. */
  readonly users: readonly string[];
  /** Whether `users` is what the hub says now: it has answered, and the channel is on an open stream. */
  readonly ready: boolean;
  /** Why it could not be asked; null where it could. */
  readonly error: Error | null;
  /** Asks the hub again. After a gap and a reconnect that happens by itself. */
  readonly refresh: () => void;
}

const NOBODY: Presence = Object.freeze({ users: Object.freeze([]), ready: false, error: null, refresh: () => {} });

/**
 * Who is on a channel: asked of the hub once the channel is on the stream, and kept by its `joined` and `left`, which
 * come where the channel's rule has `presence`. Being here is being seen: this component's own user is among them.
 */
export function usePresence<E = AnyEvents>(
  channel: ChannelOf<E>,
  { enabled = true }: { readonly enabled?: boolean | undefined } = {},
): Presence {
  const client = useTidings();
  const [known, set] = useState({ channel, client, presence: NOBODY });
  useEffect(() => {
    if (!enabled || client.status.getSnapshot().status === 'closed') return;
    return follow(client, channel, (presence) => set({ channel, client, presence }));
  }, [client, channel, enabled]);
  return enabled && known.channel === channel && known.client === client ? known.presence : NOBODY;
}

function follow(client: Client, channel: string, changed: (presence: Presence) => void): () => void {
  let asking = new AbortController();
  /** What came while the hub was asked: its answer may be older. */
  let meanwhile: (() => void)[] | null = null;
  let active = false;

  const refresh = () => {
    asking.abort();
    asking = new AbortController();
    void ask(asking.signal);
  };
  let now: Presence = { ...NOBODY, refresh };
  const tell = (part: Partial<Presence>) => {
    now = { ...now, ...part };
    changed(now);
  };
  const put = (user: string, here: boolean) => {
    const { users } = now;
    if (users.includes(user) !== here) tell({ users: here ? [...users, user] : users.filter((one) => one !== user) });
  };

  const ask = async (signal: AbortSignal) => {
    meanwhile = [];
    try {
      const answer = await client.request(`presence?channel=${encodeURIComponent(channel)}`, { signal });
      if (!answer.ok) throw new Error(`who is on \`${channel}\`: the hub answers ${answer.status}`);
      const { users } = (await answer.json()) as { users: { user: string }[] };
      if (signal.aborted) return;
      tell({ users: users.map(({ user }) => user), ready: active, error: null });
      for (const again of meanwhile) again();
      meanwhile = null;
    } catch (error) {
      if (signal.aborted) return;
      meanwhile = null;
      tell({ ready: false, error: error as Error });
    }
  };

  const look = () => {
    const was = active;
    active = client.status.getSnapshot().channels[channel] === 'active';
    if (active && !was) refresh();
    else if (was && !active) tell({ ready: false });
  };

  const hear = ({ type, data }: { type: string; data: { user: string } }) => {
    if (type !== 'joined' && type !== 'left') return;
    const change = () => put(data.user, type === 'joined');
    meanwhile?.push(change);
    change();
  };
  const off = client.subscribe(channel, hear, { onGap: refresh });
  const unlook = client.status.subscribe(look);
  look();
  return () => {
    asking.abort();
    unlook();
    off();
  };
}
