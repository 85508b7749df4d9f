import type { Platform } from './platform.js';

/** A timer takes no more: 24.8 days. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Watches one attempt: that something is heard often enough, and that the lease is renewed. It goes by what is heard
 * rather than by timers, which a hidden page's browser fires once a minute; a timer that comes late looks again before
 * it judges.
 */
export class Watch {
  #platform: Pick<Platform, 'now' | 'timer'>;
  #silent: () => void;
  #checkIn: () => void;
  #limitMs = 0;
  #heardAt = 0;
  #checkInMs = Infinity;
  #checkInAt = Infinity;
  #cancel: (() => void) | null = null;

  /** `silent`: nothing was heard for the whole limit. `checkIn`: the lease wants renewing. */
  constructor(platform: Pick<Platform, 'now' | 'timer'>, silent: () => void, checkIn: () => void) {
    this.#platform = platform;
    this.#silent = silent;
    this.#checkIn = checkIn;
  }

  /** From now on at most `limitMs` of silence; with `checkInMs`, a check-in that often. */
  start(limitMs = Infinity, checkInMs = Infinity): void {
    this.#limitMs = limitMs;
    this.#checkInMs = checkInMs;
    this.#heardAt = this.#platform.now();
    this.#checkInAt = this.#heardAt + checkInMs;
    this.#arm();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  heard(): void {
    if (!this.#cancel) return;
    this.#heardAt = this.#platform.now();
    this.#renew();
  }

  /** Judges now: the page may have slept, and its timers with it. */
  look(): void {
    if (!this.#cancel) return;
    if (this.#platform.now() - this.#heardAt >= this.#limitMs) return this.#silent();
    this.#renew();
    this.#arm();
  }

  #renew(): void {
    if (this.#platform.now() < this.#checkInAt) return;
    this.#checkInAt = this.#platform.now() + this.#checkInMs;
    this.#checkIn();
  }

  #arm(): void {
    this.#cancel?.();
    const at = Math.min(this.#heardAt + this.#limitMs, this.#checkInAt);
    const inMs = Math.min(Math.max(at - this.#platform.now(), 1), TIMER_MS_MAX);
    this.#cancel = this.#platform.timer(() => this.look(), inMs);
  }
}
