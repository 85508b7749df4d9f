// A page that React renders, with a hub inside the test: each test ends with nothing of either left.

import { type AnyEvents, type Client, type ClientOptions, createClient, type Platform } from '@tidings/client';
import { createFakeHub, type FakeHub } from '@tidings/client/testing';
import { act, type ReactElement, type ReactNode, StrictMode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect } from 'vitest';
import { until } from '../../../js/tests/harness/until.js';
import { TidingsProvider } from '../../src/index.js';

/** What the running test has: a hub, the options of a client of it, and what those clients hold of the page. */
export const here = {} as {
  hub: FakeHub;
  options: ClientOptions<AnyEvents>;
  /** Timers that run, and pages that are listened to. */
  held: { timers: number; pages: number };
  reported: unknown[];
};

const LOOK_EVERY_MS = 5;
const SHOWS_WITHIN_MS = 10_000;

const roots = new Set<{ root: Root; holder: HTMLElement }>();
const clients = new Set<Client>();

beforeEach(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  here.hub = createFakeHub();
  here.held = { timers: 0, pages: 0 };
  here.reported = [];
  const backoff = { firstMs: 1, maxMs: 1 };
  here.options = { url: here.hub.url, lingerMs: 1, backoff, platform: counted(here.hub.platform) };
});

afterEach(async () => {
  await act(async () => {
    for (const { root } of roots) root.unmount();
  });
  for (const { holder } of roots) holder.remove();
  roots.clear();
  for (const client of clients) client.close();
  clients.clear();
  await until(
    () => here.hub.connections().length + here.held.timers + here.held.pages === 0,
    () => `left: ${here.hub.connections().length} connections, ${JSON.stringify(here.held)}`,
  );
  expect(here.reported).toEqual([]);
});

/** A client of the test's own, closed at its end. */
export function client(more: Partial<ClientOptions<AnyEvents>> = {}): Client {
  const made = createClient({ ...here.options, ...more });
  clients.add(made);
  return made;
}

/** Renders into a page; again with `show`. */
export async function page(first: ReactNode) {
  const holder = document.body.appendChild(document.createElement('main'));
  const root = createRoot(holder);
  roots.add({ root, holder });
  const show = (what: ReactNode) => act(async () => root.render(what));
  await show(first);
  return { show, text: () => holder.textContent, unmount: () => act(async () => root.unmount()) };
}

export const provided = (children: ReactNode, options = here.options): ReactElement => (
  <TidingsProvider options={options}>{children}</TidingsProvider>
);

export const strictly = (children: ReactNode): ReactElement => <StrictMode>{provided(children)}</StrictMode>;

/** Waits in React's sight, a bit at a time: what came is rendered at the end of each. */
export async function shows(holds: () => boolean, otherwise = () => 'it never held'): Promise<void> {
  const deadline = performance.now() + SHOWS_WITHIN_MS;
  for (;;) {
    await act(() => new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS)));
    if (holds()) return;
    if (performance.now() > deadline) throw new Error(`after ${SHOWS_WITHIN_MS} ms: ${otherwise()}`);
  }
}

/** The hub crashes and comes back: every cursor gets its gap. */
export const crash = () =>
  act(async () => {
    here.hub.down();
    here.hub.up(true);
  });

export const cut = () => act(async () => here.hub.cut());

/** The channels of the only stream. */
export async function channels(...expected: string[]): Promise<void> {
  const now = () => here.hub.connections().map((one) => [...one.channels].sort().join(' '));
  await shows(
    () => now().length === 1 && now()[0] === expected.sort().join(' '),
    () => `channels: ${JSON.stringify(now())}`,
  );
}

/** Publishes, and lets React render what comes of it. */
export async function publish(channel: string, data: unknown, type?: string): Promise<void> {
  await act(async () => {
    here.hub.publish(channel, data, type);
    // The stream is read, chunk by chunk, in tasks of its own.
    await new Promise((resolve) => setImmediate(resolve));
  });
}

function counted(platform: Partial<Platform>): Partial<Platform> {
  const once = (end: () => void) => {
    let ended = false;
    return () => {
      if (!ended) end();
      ended = true;
    };
  };
  return {
    ...platform,
    timer: (call, ms) => {
      here.held.timers += 1;
      const over = once(() => {
        here.held.timers -= 1;
      });
      const timer = setTimeout(() => {
        over();
        call();
      }, ms);
      return () => {
        clearTimeout(timer);
        over();
      };
    },
    lifecycle: () => {
      here.held.pages += 1;
      return once(() => {
        here.held.pages -= 1;
      });
    },
    report: (error) => here.reported.push(error),
  };
}
