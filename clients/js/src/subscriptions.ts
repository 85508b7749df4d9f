import type { Gap, TidingsEvent } from './event.js';
import { canonical, concerns, matches } from './pattern.js';

export interface Subscriber {
  /** A channel or a pattern. */
  readonly channel: string;
  readonly event: (event: TidingsEvent) => void;
  readonly gap: ((gap: Gap) => void) | undefined;
}

/** Who listens to what. A channel is wanted as long as anybody listens to it. */
export class Subscriptions {
  #subscribers = new Set<Subscriber>();
  #changed: () => void;
  #report: (error: unknown) => void;

  constructor(changed: () => void, report: (error: unknown) => void) {
    this.#changed = changed;
    this.#report = report;
  }

  /** The answer ends it; a second call of that does nothing. */
  add(subscriber: Subscriber): () => void {
    const own = { ...subscriber, channel: canonical(subscriber.channel) };
    this.#subscribers.add(own);
    this.#changed();
    return () => {
      if (this.#subscribers.delete(own)) this.#changed();
    };
  }

  /** Without a word to those who are taken off. */
  clear(): void {
    this.#subscribers.clear();
  }

  wanted(): Set<string> {
    return new Set([...this.#subscribers].map(({ channel }) => channel));
  }

  event(event: TidingsEvent): void {
    this.#tell((one) => matches(one.channel, event.channel) && one.event(event));
  }

  gap(gap: Gap): void {
    const lost = { ...gap, channel: canonical(gap.channel) };
    this.#tell((one) => concerns(lost.channel, one.channel) && one.gap?.(lost));
  }

  /** Those who are there now; who is taken off meanwhile hears no more. One that throws harms no other. */
  #tell(call: (subscriber: Subscriber) => unknown): void {
    for (const one of [...this.#subscribers]) {
      if (!this.#subscribers.has(one)) continue;
      try {
        call(one);
      } catch (error) {
        this.#report(error);
      }
    }
  }
}
