import type { Gap, TidingsEvent } from './event.js';
import { canonical, concerns, matcher } from './pattern.js';
import { each } from './status.js';

export interface Subscriber {
  /** A channel or a pattern. */
  readonly channel: string;
  readonly event: (event: TidingsEvent) => void;
  readonly gap: ((gap: Gap) => void) | undefined;
  /** It ended, of itself or with the client. */
  readonly end?: (() => void) | undefined;
}

/** Who listens to what. A channel is wanted as long as anybody listens to it. */
export interface Subscriptions {
  /** The signal ends it, and so does the answer; a second call of that does nothing. */
  add(subscriber: Subscriber, signal?: AbortSignal): () => void;
  /** Ends them all. */
  clear(): void;
  /** Each as often as it is subscribed to. */
  wanted(): string[];
  event(event: TidingsEvent): void;
  gap(gap: Gap): void;
}

export function subscriptions(changed: () => void, report: (error: unknown) => void): Subscriptions {
  const all = new Set<Subscriber & { readonly has: (channel: string) => boolean; readonly off: () => void }>();
  return {
    add: (subscriber, signal) => {
      const off = () => {
        if (!all.delete(own)) return;
        signal?.removeEventListener('abort', off);
        own.end?.();
        changed();
      };
      const channel = canonical(subscriber.channel);
      const own = { ...subscriber, channel, has: matcher(channel), off };
      all.add(own);
      signal?.addEventListener('abort', off);
      changed();
      return off;
    },
    clear: () => {
      for (const { off } of all) off();
    },
    wanted: () => [...all].map(({ channel }) => channel),
    event: (event) => each(all, report, (one) => one.has(event.channel) && one.event(event)),
    gap: (gap) => each(all, report, (one) => concerns(gap.channel, one.channel) && one.gap?.(gap)),
  };
}
