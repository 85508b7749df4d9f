// On a server: rendered to text, with nothing opened, and then taken over by a page.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createClient } from '@tidings/client';
import { renderToString } from 'react-dom/server';
import { expect, test } from 'vitest';
import { TidingsProvider, useChannel, useConnectionStatus, useEventState, usePresence } from '../src/index.js';

const App = () => {
  const state = useChannel('jobs', () => {});
  const off = useChannel('other', () => {}, { enabled: false });
  const { status } = useConnectionStatus();
  const part = useConnectionStatus(({ attempt }) => attempt);
  const [sum] = useEventState('jobs', (before: number) => before + 1, 7);
  const { users, ready } = usePresence('jobs');
  return <p>{[state, off, status, part, sum, users.length, ready].join(' ')}</p>;
};

const REFUSED = (() => {
  throw new Error('a server opens nothing');
}) as unknown as typeof fetch;

test('idle, and nothing is opened or listened to', () => {
  const platform = { fetch: REFUSED, timer: REFUSED as never, lifecycle: () => () => {} };
  const options = { url: 'http://hub.invalid', platform };
  const expected = '<p>pending idle idle 0 7 0 false</p>';
  const lifecycle = REFUSED as never;
  expect(
    renderToString(
      <TidingsProvider options={{ ...options, platform: { ...platform, lifecycle } }}>
        <App />
      </TidingsProvider>,
    ),
  ).toBe(expected);
  expect(
    renderToString(
      <TidingsProvider client={createClient(options)}>
        <App />
      </TidingsProvider>,
    ),
  ).toBe(expected);
});

test.each(['index', 'query'])('%s begins with the word by which a server knows it as a page’s own', (entry) => {
  const source = readFileSync(fileURLToPath(new URL(`../src/${entry}.ts`, import.meta.url)), 'utf8');
  expect(source.startsWith("'use client';\n")).toBe(true);
});
