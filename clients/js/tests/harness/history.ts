// Tabs that share a stream, and what may become of each of them and of the hub; who is owed which event is kept count of.

import fc from 'fast-check';
import { vi } from 'vitest';
import { type Client, createClient } from '../../src/index.js';
import { shareTabs } from '../../src/share.js';
import { createFakeHub, type FakeHub } from '../../src/testing.js';
import { SimBrowser, type SimTab } from './tabs.js';

export const TABS = 4;
export const CHANNELS = ['a', 'b', 'c'];
const WATCHDOG_MS = 5_000;

export type Step =
  | { readonly kind: 'open' | 'close' | 'crash' | 'leave' | 'back' | 'hang' | 'thaw'; readonly tab: number }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly tab: number; readonly channel: string }
  | { readonly kind: 'publish'; readonly channel: string }
  | { readonly kind: 'cut' | 'down' | 'up' | 'forgotten' | 'all-close' }
  | { readonly kind: 'pass'; readonly ms: number };

const tab = fc.nat(TABS - 1);
const channel = fc.constantFrom(...CHANNELS);
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('open' as const), tab }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('close' as const, 'crash' as const, 'leave' as const, 'hang' as const),
      tab,
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('back' as const, 'thaw' as const), tab }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('subscribe' as const, 'unsubscribe' as const), tab, channel }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('publish' as const), channel }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'down' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('up' as const, 'forgotten' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 20, 120, 2_000, 9_000) }),
  },
);

interface Listening {
  readonly off: () => void;
  /** It was `active` once: from then on it misses nothing. */
  active: boolean;
  /** Numbers of events that it must have, or a gap after them. */
  owed: Set<number>;
}

/** A page with its client, and what it heard. */
export class Page {
  readonly sim: SimTab;
  readonly client: Client;
  readonly heard: number[] = [];
  readonly listening = new Map<string, Listening>();
  away = false;

  constructor(sim: SimTab) {
    this.sim = sim;
    this.client = createClient({
      url: 'http://fake.invalid',
      platform: sim.platform,
      share: shareTabs({ key: 'ada', watchdogMs: WATCHDOG_MS }),
      backoff: { firstMs: 100, maxMs: 1_000 },
      leaseSeconds: 0,
      lingerMs: 50,
    });
  }

  subscribe(channel: string): void {
    if (this.listening.has(channel)) return;
    const owed = new Set<number>();
    const hears = ({ data }: { data: unknown }) => {
      this.heard.push(data as number);
      owed.delete(data as number);
    };
    const off = this.client.subscribe(channel, hears, { onGap: () => owed.clear() });
    this.listening.set(channel, { off, active: false, owed });
  }

  unsubscribe(channel: string): void {
    this.listening.get(channel)?.off();
    this.listening.delete(channel);
  }

  /** It must hear of this event if its channel has been active. */
  expects(channel: string, number: number): void {
    const one = this.listening.get(channel);
    if (!one) return;
    one.active ||= this.client.status.getSnapshot().channels[channel] === 'active';
    if (one.active) one.owed.add(number);
  }
}

export class Run {
  readonly hub: FakeHub = createFakeHub({ historyMax: 12 });
  readonly browser = new SimBrowser(this.hub.platform);
  readonly pages: (Page | null)[] = Array.from({ length: TABS }, () => null);
  readonly all: Page[] = [];
  #number = 0;

  do(step: Step): Promise<void> | void {
    if (step.kind === 'pass') return this.pass(step.ms);
    if (step.kind === 'publish') return this.publish(step.channel);
    if (step.kind === 'cut') return this.hub.cut();
    if (step.kind === 'down') return this.hub.down();
    if (step.kind === 'up') return this.hub.up();
    if (step.kind === 'forgotten') return this.forget();
    if (!('tab' in step)) return;
    const page = this.pages[step.tab];
    if (step.kind === 'open') return page ? undefined : this.open(step.tab);
    if (!page) return;
    // Who stands still does nothing; but it may be ended, and come to.
    if (page.sim.hung && step.kind !== 'crash' && step.kind !== 'thaw') return;
    switch (step.kind) {
      case 'subscribe':
        return page.away ? undefined : page.subscribe(step.channel);
      case 'unsubscribe':
        return page.away ? undefined : page.unsubscribe(step.channel);
      case 'close':
        return this.close(step.tab);
      case 'crash':
        this.pages[step.tab] = null;
        return page.sim.crash();
      case 'leave':
        page.away = true;
        return page.sim.page?.suspend();
      case 'back':
        page.away = false;
        return page.sim.page?.resume();
      case 'hang':
        return page.sim.hang();
      case 'thaw':
        page.sim.thaw();
        return page.sim.page?.nudge();
    }
  }

  open(at: number): void {
    const page = new Page(this.browser.tab());
    this.pages[at] = page;
    this.all.push(page);
    page.subscribe('a');
  }

  close(at: number): void {
    this.pages[at]?.client.close();
    this.pages[at] = null;
  }

  forget(): void {
    this.hub.down();
    this.hub.up(true);
  }

  async pass(ms: number): Promise<void> {
    await this.browser.pass(ms);
    vi.setSystemTime(1_700_000_000_000 + this.browser.now);
  }

  publish(channel: string): void {
    this.#number += 1;
    for (const page of this.pages) page?.expects(channel, this.#number);
    this.hub.publish(channel, this.#number);
  }

  /** Everybody is back, and the hub too. */
  async rest(): Promise<void> {
    this.hub.up();
    for (const page of this.pages) {
      if (page?.sim.hung) page.sim.thaw();
      if (page?.away) page.sim.page?.resume();
    }
    for (let turn = 0; turn < 10; turn += 1) await this.pass(WATCHDOG_MS);
  }
}
