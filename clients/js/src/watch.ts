import type { Platform } from './platform.js';

interface Alarms {
  /** Nothing was heard for the whole limit. */
  readonly silent: () => void;
  /** The lease wants renewing. */
  readonly checkIn: () => void;
}

/**
 * Watches one attempt: that something is heard often enough, and that the lease is renewed. It goes by what is heard
 * rather than by timers, which a hidden page's browser fires once a minute; a timer that comes late looks again before
 * it judges.
 */
export class Watch {
  #platform: Pick<Platform, 'now' | 'timer'>;
  #alarms: Alarms;
  #limitMs = 0;
  #heardAt = 0;
  #checkInMs = Number.POSITIVE_INFINITY;
  #checkInAt = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | null = null;

  constructor(platform: Pick<Platform, 'now' | 'timer'>, alarms: Alarms) {
    this.#platform = platform;
    this.#alarms = alarms;
  }

  /** From now on at most `limitMs` of silence; with `checkInMs`, a check-in that often. */
  start(limitMs: number, checkInMs = Number.POSITIVE_INFINITY): void {
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
    if (this.#platform.now() - this.#heardAt >= this.#limitMs) return this.#alarms.silent();
    this.#renew();
    this.#arm();
  }

  #renew(): void {
    if (this.#platform.now() < this.#checkInAt) return;
    this.#checkInAt = this.#platform.now() + this.#checkInMs;
    this.#alarms.checkIn();
  }

  #arm(): void {
    this.#cancel?.();
    const at = Math.min(this.#heardAt + this.#limitMs, this.#checkInAt);
    // A timer may come a moment early.
    this.#cancel = this.#platform.timer(() => this.look(), Math.max(at - this.#platform.now(), 1));
  }
}
