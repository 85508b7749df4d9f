// @vitest-environment happy-dom
// useConnectionStatus: what a light shows, and which renders a part of it costs.

import { act, useState } from 'react';
import { expect, test } from 'vitest';
import { useChannel, useConnectionStatus } from '../src/index.js';
import { cut, here, page, provided, publish, shows } from './harness/page.js';

const Jobs = () => {
  useChannel('jobs', () => {});
  return null;
};

test('the whole snapshot renders at each change of it', async () => {
  const seen: string[] = [];
  const Light = () => {
    const { status } = useConnectionStatus();
    if (seen.at(-1) !== status) seen.push(status);
    return status;
  };
  const { text } = await page(provided([<Jobs key="jobs" />, <Light key="light" />]));
  await shows(() => text() === 'connected');
  here.hub.refuse(503);
  await cut();
  await shows(() => text() === 'reconnecting');
  here.hub.refuse(null);
  await shows(() => text() === 'connected');
  expect(seen).toEqual(['idle', 'connecting', 'connected', 'reconnecting', 'connected']);
});

test('a part renders only when it changes, whatever else of the snapshot does', async () => {
  const renders = { whole: 0, status: 0, mine: 0 };
  const Whole = () => {
    renders.whole += 1;
    useConnectionStatus();
    return null;
  };
  const Light = () => {
    renders.status += 1;
    return useConnectionStatus(({ status }) => status);
  };
  const Mine = () => {
    renders.mine += 1;
    return useConnectionStatus(({ channels }) => channels.mine);
  };
  let add = (_: string[]) => {};
  const Many = () => {
    const [names, set] = useState<string[]>([]);
    add = set;
    return names.map((name) => <One key={name} name={name} />);
  };
  const One = ({ name }: { name: string }) => <i>{useChannel(name, () => {})} </i>;
  const { text } = await page(
    provided([<Jobs key="1" />, <Light key="2" />, <Whole key="3" />, <Mine key="4" />, <Many key="5" />]),
  );
  await shows(() => text() === 'connected');
  const before = { ...renders };
  for (let at = 1; at <= 5; at += 1) {
    await act(async () => add(Array.from({ length: at }, (_, one) => `c${one}`)));
    await shows(() => text() === `connected${'active '.repeat(at)}`);
    await publish('c0', at);
  }
  expect(renders.status).toBe(before.status);
  expect(renders.mine).toBe(before.mine);
  expect(renders.whole).toBeGreaterThan(before.whole);
});

test('what is selected from is read once a snapshot, so that an object made anew ends no render in a loop', async () => {
  let renders = 0;
  const Light = () => {
    renders += 1;
    const { status, error } = useConnectionStatus((now) => ({ status: now.status, error: now.error }));
    return `${status} ${error?.code}`;
  };
  const { text } = await page(provided([<Jobs key="jobs" />, <Light key="light" />]));
  await shows(() => text() === 'connected undefined');
  expect(renders).toBeLessThanOrEqual(6);
});

test('another selector shows another part', async () => {
  const Light = ({ of }: { of: 'status' | 'attempt' }) => useConnectionStatus((snapshot) => snapshot[of]);
  const tree = (of: 'status' | 'attempt') => provided([<Jobs key="jobs" />, <Light key="light" of={of} />]);
  const { show, text } = await page(tree('status'));
  await shows(() => text() === 'connected');
  await show(tree('attempt'));
  expect(text()).toBe('0');
});
