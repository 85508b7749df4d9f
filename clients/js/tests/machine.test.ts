// The rules by the thousand: whatever happens, in whatever order.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { QUICK, waitMs } from '../src/backoff.js';
import { type Input, next, START, type State } from '../src/machine.js';

const error = (fatal: boolean) => ({ code: 'network', message: 'a test', fatal }) as const;

const lost = (fatal: boolean, hintMs: number, curable = false) => ({ error: error(fatal), hintMs, curable });

const inputs: fc.Arbitrary<Input> = fc.oneof(
  fc.constantFrom<Input>('want', 'want', 'unwant', 'opened', 'opened', 'due'),
  fc.constantFrom<Input>('nudge', 'reconnect', 'suspend', 'resume', 'again'),
  fc.tuple(fc.boolean(), fc.nat(60_000)).map(([fatal, hintMs]) => lost(fatal, hintMs)),
  fc.constant<Input>(lost(true, 0, true)),
);

const steps = fc.array(
  fc.record({ input: inputs, passMs: fc.nat(40_000), random: fc.float({ min: 0, max: 1, noNaN: true }) }),
  {
    maxLength: 60,
  },
);

const backoff = { ...QUICK, attemptsMax: 5 };

test('every state is one that the table knows, and every wait keeps its bounds', () => {
  fc.assert(
    fc.property(steps, (run) => {
      let now = 0;
      let state: State = START;
      /** What the hub asked for last, and nobody overruled by hand. */
      let floor = 0;
      for (const { input, passMs, random } of run) {
        now += passMs;
        // The shell's timer is set to that, and comes no sooner.
        if (input === 'due') now = Math.max(now, state.retryAt ?? 0);
        const before = state;
        state = next(before, input, { now, random, backoff });
        consistent(state, before);
        const ended = typeof input === 'object' && !input.error.fatal;
        if (ended && before.drive === 'dial') waits(state, now, input.hintMs);
        const dials = state.dial > before.dial;
        if (dials && input === 'reconnect') floor = 0;
        if (dials) expect(now).toBeGreaterThanOrEqual(floor);
        if (typeof input === 'object' && before.drive === 'dial' && !dials) floor = now + input.hintMs;
      }
      expect(next(state, 'close', { now, random: 0, backoff }).status).toBe('closed');
    }),
    { numRuns: 2_000 },
  );
});

test('from wherever it is, a client that is wanted gets back to `connected`', () => {
  fc.assert(
    fc.property(steps, (run) => {
      let now = 0;
      const step = (state: State, input: Input) => next(state, input, { now, random: 1, backoff });
      let state = run.reduce((at, { input, passMs }) => {
        now += passMs;
        return step(at, input);
      }, START);
      for (const kind of ['want', 'resume'] as const) state = step(state, kind);
      // Given up for good is the only state that needs a hand.
      if (state.status === 'failed' && state.drive === 'rest') state = step(state, 'reconnect');
      now = Math.max(now, state.retryAt ?? 0);
      for (const kind of ['due', 'opened'] as const) state = step(state, kind);
      expect(state).toMatchObject({ status: 'connected', error: null });
    }),
    { numRuns: 2_000 },
  );
});

test('what is closed stays closed', () => {
  fc.assert(
    fc.property(fc.array(inputs), (run) => {
      const rules = { now: 1, random: 0, backoff };
      const closed = next(START, 'close', rules);
      expect(run.reduce((state, input) => next(state, input, rules), closed)).toBe(closed);
    }),
  );
});

function consistent(state: State, before: State): void {
  const { status, drive, wanted } = state;
  const drives = {
    idle: ['rest'],
    connecting: ['wait', 'dial'],
    connected: ['dial'],
    reconnecting: ['wait', 'dial'],
    failed: ['rest', 'wait', 'dial'],
    suspended: ['rest'],
    closed: ['rest'],
  }[status];
  expect(drives).toContain(drive);
  expect(state.retryAt !== null).toBe(drive === 'wait');
  expect(state.openedAt !== null).toBe(status === 'connected');
  if (drive !== 'rest') expect(wanted).toBe(true);
  if (status === 'idle') expect(wanted).toBe(false);
  if (status === 'failed') expect(state.error).not.toBeNull();
  expect([0, 1]).toContain(state.dial - before.dial);
}

function waits(state: State, now: number, hintMs: number): void {
  const wait = (state.retryAt ?? 0) - now;
  expect(wait).toBeGreaterThanOrEqual(Math.max(hintMs, waitMs(backoff, state.attempt, 0)) - 0.001);
  expect(wait).toBeLessThanOrEqual(Math.max(hintMs, waitMs(backoff, state.attempt, 1)) + 0.001);
}
