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
export class Subscriptions {
  #subscribers = new Set<Subscriber & { readonly has: (channel: string) => boolean }>();
  #changed: () => void;
  #report: (error: unknown) => void;

  constructor(changed: () => void, report: (error: unknown) => void) {
    this.#changed = changed;
    this.#report = report;
  }

  /** The answer ends it; a second call of that does nothing. */
  add(subscriber: Subscriber): () => void {
    const channel = canonical(subscriber.channel);
    const own = { ...subscriber, channel, has: matcher(channel) };
    this.#subscribers.add(own);
    this.#changed();
    return () => {
      if (!this.#subscribers.delete(own)) return;
      own.end?.();
      this.#changed();
    };
  }

  /** Ends them all. */
  clear(): void {
    const ended = [...this.#subscribers];
    this.#subscribers.clear();
    for (const one of ended) one.end?.();
  }

  /** Each as often as it is subscribed to. */
  wanted(): string[] {
    return [...this.#subscribers].map(({ channel }) => channel);
  }

  event(event: TidingsEvent): void {
    each(this.#subscribers, this.#report, (one) => one.has(event.channel) && one.event(event));
  }

  gap(gap: Gap): void {
    const lost = { ...gap, channel: canonical(gap.channel) };
    each(this.#subscribers, this.#report, (one) => concerns(lost.channel, one.channel) && one.gap?.(lost));
  }
}
