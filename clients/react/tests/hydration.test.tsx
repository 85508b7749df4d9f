// @vitest-environment happy-dom
// A page that a server rendered, taken over in the browser.

import { createClient } from '@tidings/client';
import { createFakeHub } from '@tidings/client/testing';
import { act } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { expect, test } from 'vitest';
import { until } from '../../js/tests/harness/until.js';
import { TidingsProvider, useChannel, useConnectionStatus } from '../src/index.js';

const App = () => {
  const state = useChannel('jobs', () => {});
  return <p>{[state, useConnectionStatus(({ status }) => status)].join(' ')}</p>;
};

test('rendered as idle it is taken over as idle, even by a client that is connected', async () => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  const hub = createFakeHub();
  const options = { url: hub.url, platform: hub.platform };
  const client = createClient({ ...options, channels: ['jobs'] });
  await until(() => client.status.getSnapshot().channels.jobs === 'active');
  const tree = (client_ = client) => (
    <TidingsProvider client={client_}>
      <App />
    </TidingsProvider>
  );
  const holder = document.body.appendChild(document.createElement('main'));
  holder.innerHTML = renderToString(tree(createClient(options)));
  expect(holder.textContent).toBe('pending idle');
  const wrong: unknown[] = [];
  const root = await act(async () => hydrateRoot(holder, tree(), { onRecoverableError: (error) => wrong.push(error) }));
  expect(wrong).toEqual([]);
  expect(holder.textContent).toBe('active connected');
  await act(async () => root.unmount());
  client.close();
});
