import type { Platform } from './platform.js';

/** A timer takes no more: 24.8 days. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** What watches one attempt after the other. */
export interface Watch {
  /** From now on at most `limitMs` of silence; with `checkInMs`, a check-in that often. */
  start(limitMs: number, checkInMs?: number): void;
  stop(): void;
  heard(): void;
  /** Judges now: the page may have slept, and its timers with it. */
  look(): void;
}

/**
 * Watches one attempt: that something is heard often enough, or else `silent`, and that the lease is renewed, by
 * `checkIn`. It goes by what is heard rather than by timers, which a hidden page's browser fires once a minute; a timer
 * that comes late looks again before it judges.
 */
export function watch({ now, timer }: Pick<Platform, 'now' | 'timer'>, silent: () => void, checkIn: () => void): Watch {
  let limit: number;
  let heardAt: number;
  let checkInEach: number;
  let checkInAt: number;
  let cancel: (() => void) | null = null;

  const renew = () => {
    if (now() < checkInAt) return;
    checkInAt = now() + checkInEach;
    checkIn();
  };
  const arm = () => {
    cancel?.();
    cancel = timer(look, Math.min(heardAt + limit - now(), checkInAt - now(), TIMER_MS_MAX));
  };
  const look = () => {
    if (!cancel) return;
    if (now() - heardAt >= limit) return silent();
    renew();
    arm();
  };
  return {
    start: (limitMs, checkInMs = Infinity) => {
      limit = limitMs;
      checkInEach = checkInMs;
      heardAt = now();
      checkInAt = heardAt + checkInMs;
      arm();
    },
    stop: () => {
      cancel?.();
      cancel = null;
    },
    heard: () => {
      if (!cancel) return;
      heardAt = now();
      renew();
    },
    look,
  };
}
