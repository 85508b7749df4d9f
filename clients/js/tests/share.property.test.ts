// Tabs that share a stream, by the hundred histories: whatever becomes of each of them, and of the hub.

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CHANNELS, Run, step, TABS } from './harness/history.js';

beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterAll(() => void vi.useRealTimers());

const RUNS = Number(process.env.SHARE_RUNS ?? 100);

test('at rest one connection; no event missed without a gap, none twice; and in the end nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), async (steps) => {
      vi.setSystemTime(1_700_000_000_000);
      const run = new Run();
      for (let at = 0; at < TABS; at += 2) run.open(at);
      await run.pass(200);
      for (const one of steps) {
        await run.do(one);
        await run.browser.pass(0);
      }
      await run.rest();
      const live = run.pages.filter((page) => page !== null);
      const wanted = live.filter(({ listening }) => listening.size > 0);
      const say = live.map(({ client }) => client.status.getSnapshot());
      expect(run.hub.connections().length, JSON.stringify(say)).toBe(wanted.length > 0 ? 1 : 0);
      const roles = say.map(({ role }) => role).filter((role) => role !== 'solo');
      expect(roles.sort()).toEqual(['follower', 'follower', 'follower', 'leader'].slice(TABS - wanted.length));
      const union = new Set(wanted.flatMap(({ listening }) => [...listening.keys()]));
      expect(
        run.hub
          .connections()
          .flatMap(({ channels }) => channels)
          .sort(),
      ).toEqual([...union].sort());
      for (const { client, listening } of wanted) {
        expect(client.status.getSnapshot().channels).toEqual(
          Object.fromEntries([...listening.keys()].map((name) => [name, 'active'])),
        );
      }
      for (const name of CHANNELS) run.publish(name);
      await run.pass(1_000);
      for (const { heard, listening, sim } of live) {
        expect(new Set(heard).size).toBe(heard.length);
        expect(Object.fromEntries([...listening].map(([name, { owed }]) => [name, [...owed]]))).toEqual(
          Object.fromEntries([...listening.keys()].map((name) => [name, []])),
        );
        expect(sim.reported).toEqual([]);
      }
      for (const { heard } of run.all) expect(new Set(heard).size).toBe(heard.length);
      for (const page of live) page.client.close();
      await run.pass(1);
      expect([run.hub.connections().length, run.browser.timers.size]).toEqual([0, 0]);
      expect([run.browser.locks.size, run.browser.channels.size]).toEqual([0, 0]);
    }),
    { numRuns: RUNS, endOnFailure: process.env.SHARE_SHRINK === undefined },
  );
}, 300_000);
