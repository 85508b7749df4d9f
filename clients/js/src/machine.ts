import { type Backoff, waitMs } from './backoff.js';
import type { ClientError } from './failure.js';
import type { Status } from './status.js';

/** What the shell has to do now: nothing; wait until `retryAt`; keep the attempt number `dial` going. */
export type Drive = 'rest' | 'wait' | 'dial';

export interface State {
  readonly status: Status;
  readonly drive: Drive;
  /** Grows by one at each attempt. What an earlier attempt has to say no longer matters. */
  readonly dial: number;
  readonly failures: number;
  /** On the injected clock. */
  readonly retryAt: number | null;
  /** Until then the hub asked to be left alone: nothing cuts this short. */
  readonly notBefore: number;
  readonly openedAt: number | null;
  /** Somebody is subscribed. */
  readonly wanted: boolean;
  /** The attempt was begun with a token that was fetched because of a 401. */
  readonly refreshed: boolean;
  readonly error: ClientError | null;
}

export type Input =
  | { readonly kind: 'want' | 'unwant' | 'opened' | 'due' | 'nudge' | 'reconnect' | 'suspend' | 'resume' | 'close' }
  /** The attempt or the stream is over. */
  | { readonly kind: 'lost'; readonly error: ClientError; readonly hintMs: number }
  /** Over by a 401 that a fresh token may cure. */
  | { readonly kind: 'unauthorized'; readonly error: ClientError }
  /** To be begun anew at once: without channels that were denied, or from another place. */
  | { readonly kind: 'again' };

export interface Rules {
  readonly now: number;
  /** From 0 to 1. */
  readonly random: number;
  readonly backoff: Backoff;
}

export const START: State = {
  status: 'idle',
  drive: 'rest',
  dial: 0,
  failures: 0,
  retryAt: null,
  notBefore: 0,
  openedAt: null,
  wanted: false,
  refreshed: false,
  error: null,
};

/** The whole behaviour of a client, without clock, chance or network. An input that means nothing now changes nothing. */
export function next(state: State, input: Input, rules: Rules): State {
  if (state.status === 'closed') return state;
  switch (input.kind) {
    case 'close':
      return { ...atRest(state, 'closed'), wanted: false };
    case 'want':
      return wanted({ ...state, wanted: true });
    case 'unwant':
      return { ...atRest(state, state.status === 'suspended' ? 'suspended' : 'idle'), wanted: false };
    case 'opened':
      return opened(state, rules);
    case 'lost':
      return lost(state, input.error, input.hintMs, rules);
    case 'unauthorized':
      return unauthorized(state, input.error, rules);
    case 'again':
      return state.drive === 'dial' ? dialled(state) : state;
    case 'due':
      return state.drive === 'wait' && rules.now >= (state.retryAt ?? 0) ? dialled(state) : state;
    case 'nudge':
      return nudged(state, rules);
    case 'reconnect':
      return reconnected(state);
    case 'suspend':
      return suspended(state);
    case 'resume':
      return resumed(state);
  }
}

function wanted(state: State): State {
  return state.status === 'idle' ? dialled(state, 'connecting') : state;
}

function opened(state: State, { now }: Rules): State {
  if (state.drive !== 'dial' || state.openedAt !== null) return state;
  return { ...state, status: 'connected', openedAt: now, notBefore: 0, refreshed: false, error: null };
}

function lost(state: State, error: ClientError, hintMs: number, { now, random, backoff }: Rules): State {
  if (state.drive !== 'dial') return state;
  if (error.fatal) return { ...atRest(state, 'failed'), failures: state.failures + 1, error };
  const stable = state.openedAt !== null && now - state.openedAt >= backoff.stableMs;
  const failures = (stable ? 0 : state.failures) + 1;
  return {
    ...state,
    status: failures > backoff.attemptsMax ? 'failed' : 'reconnecting',
    drive: 'wait',
    failures,
    retryAt: now + Math.max(waitMs(backoff, failures, random), hintMs),
    notBefore: now + hintMs,
    openedAt: null,
    refreshed: false,
    error,
  };
}

function unauthorized(state: State, error: ClientError, rules: Rules): State {
  if (state.drive !== 'dial') return state;
  if (state.refreshed) return lost(state, { ...error, fatal: true }, 0, rules);
  return { ...dialled(state), refreshed: true, error };
}

/** The network is back, or somebody looks at the page. */
function nudged(state: State, { now }: Rules): State {
  if (state.drive !== 'wait') return state;
  return now >= state.notBefore ? dialled(state) : { ...state, retryAt: state.notBefore };
}

/** Somebody asked by hand: they may overrule anything. */
function reconnected(state: State): State {
  const resting = state.status === 'failed' && state.wanted;
  return resting || state.drive === 'wait' ? dialled({ ...state, failures: 0 }, 'reconnecting') : state;
}

function suspended(state: State): State {
  return state.drive === 'rest' ? state : { ...atRest(state, 'suspended'), failures: state.failures };
}

function resumed(state: State): State {
  if (state.status !== 'suspended') return state;
  return state.wanted ? dialled(state, 'reconnecting') : atRest(state, 'idle');
}

function dialled(state: State, status: Status = state.openedAt === null ? state.status : 'reconnecting'): State {
  return { ...state, status, drive: 'dial', dial: state.dial + 1, retryAt: null, openedAt: null };
}

function atRest(state: State, status: Status): State {
  return { ...START, status, dial: state.dial, wanted: state.wanted };
}
