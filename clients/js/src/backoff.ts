/** How long to wait before an attempt: `firstMs`, doubled at each failure, up to `maxMs`. */
export interface Backoff {
  /** Milliseconds before the first attempt after a loss. */
  readonly firstMs: number;
  /** Milliseconds; the doubling ends here. */
  readonly maxMs: number;
  /** A connection that lived for this many milliseconds was a good one: the next loss begins at `firstMs` again. */
  readonly stableMs: number;
  /** After this many attempts in a row that failed, the status is `failed`. Attempts go on, at `maxMs`. */
  readonly attemptsMax: number;
}

/** 1, 2, 4, 8, 16 s, each between its half and its whole. The default. */
export const QUICK: Backoff = {
  firstMs: 1_000,
  maxMs: 16_000,
  stableMs: 10_000,
  attemptsMax: Infinity,
};

/** 5 s doubling to 60 s, for data that may be late by a minute. */
export const PATIENT: Backoff = {
  firstMs: 5_000,
  maxMs: 60_000,
  stableMs: 30_000,
  attemptsMax: Infinity,
};

/**
 * The wait after `failures` failures in a row (1 or more), in milliseconds: between half of the step and the whole of
 * it, by `random` from 0 to 1, so that many clients that lost one hub don't come back as one.
 */
export function waitMs(backoff: Backoff, failures: number, random: number): number {
  const step = Math.min(backoff.firstMs * 2 ** (failures - 1), backoff.maxMs);
  return step / 2 + (step / 2) * random;
}
