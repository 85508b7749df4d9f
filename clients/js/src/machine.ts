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
  /** How many failed in a row. */
  readonly attempt: number;
  /** On the injected clock. */
  readonly retryAt: number | null;
  /** Until then the hub asked to be left alone: nothing but a hand cuts this short, and no rest makes it forgotten. */
  readonly notBefore: number;
  readonly openedAt: number | null;
  /** Somebody is subscribed. */
  readonly wanted: boolean;
  /** The attempt was begun with a token that was fetched because of a 401. */
  readonly refreshed: boolean;
  readonly error: ClientError | null;
}

/** `again`: to be begun anew at once, without channels that were denied, or from another place. */
export type Input =
  | 'want'
  | 'unwant'
  | 'due'
  | 'nudge'
  | 'reconnect'
  | 'suspend'
  | 'resume'
  | 'close'
  | 'opened'
  | 'again'
  | Lost;

/** The attempt or the stream is over; `curable`: by a 401, for which there may be a fresh token. */
export interface Lost {
  readonly error: ClientError;
  readonly hintMs: number;
  readonly curable?: boolean;
}

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
  attempt: 0,
  retryAt: null,
  notBefore: 0,
  openedAt: null,
  wanted: false,
  refreshed: false,
  error: null,
};

/** The whole behaviour of a client, without clock, chance or network. An input that means nothing now changes nothing. */
export function next(state: State, input: Input, rules: Rules): State {
  const { status, drive, wanted } = state;
  if (status === 'closed') return state;
  switch (input) {
    case 'close':
      return { ...atRest(state, 'closed'), wanted: false };
    case 'want':
      return status === 'idle' ? begun({ ...state, wanted: true }, rules, 'connecting') : { ...state, wanted: true };
    case 'unwant':
      return { ...atRest(state, status === 'suspended' ? status : 'idle'), wanted: false };
    case 'suspend':
      return drive === 'rest' ? state : { ...atRest(state, 'suspended'), attempt: state.attempt };
    case 'resume':
      if (status !== 'suspended') return state;
      return wanted ? begun(state, rules, 'reconnecting') : atRest(state, 'idle');
    // Somebody asked by hand: they may overrule anything.
    case 'reconnect':
      if (drive !== 'wait' && (status !== 'failed' || !wanted)) return state;
      return dialled({ ...state, attempt: 0, notBefore: 0 }, 'reconnecting');
    case 'due':
      return drive === 'wait' ? dialled(state) : state;
    // The network is back, or somebody looks at the page.
    case 'nudge':
      return drive === 'wait' ? begun(state, rules) : state;
    // What follows is of the attempt that runs.
    case 'again':
      return drive === 'dial' ? dialled(state) : state;
    case 'opened':
      if (drive !== 'dial' || state.openedAt !== null) return state;
      return { ...state, status: 'connected', openedAt: rules.now, notBefore: 0, refreshed: false, error: null };
    default:
      return drive === 'dial' ? lost(state, input, rules) : state;
  }
}

function lost(state: State, { error, hintMs, curable }: Lost, { now, random, backoff }: Rules): State {
  if (curable && !state.refreshed) return { ...dialled(state), refreshed: true, error };
  const notBefore = now + hintMs;
  if (error.fatal) return { ...atRest(state, 'failed'), attempt: state.attempt + 1, notBefore, error };
  const stable = state.openedAt !== null && now - state.openedAt >= backoff.stableMs;
  const attempt = (stable ? 0 : state.attempt) + 1;
  return {
    ...atRest(state, attempt > backoff.attemptsMax ? 'failed' : 'reconnecting'),
    drive: 'wait',
    attempt,
    retryAt: Math.max(now + waitMs(backoff, attempt, random), notBefore),
    notBefore,
    error,
  };
}

/** An attempt, as soon as the hub lets it. */
function begun(state: State, { now }: Rules, status = state.status): State {
  const { notBefore } = state;
  return now < notBefore ? { ...state, status, drive: 'wait', retryAt: notBefore } : dialled(state, status);
}

function dialled(state: State, status: Status = state.openedAt === null ? state.status : 'reconnecting'): State {
  return { ...state, status, drive: 'dial', dial: state.dial + 1, retryAt: null, openedAt: null };
}

function atRest({ dial, wanted, notBefore }: State, status: Status): State {
  return { ...START, status, dial, wanted, notBefore };
}
