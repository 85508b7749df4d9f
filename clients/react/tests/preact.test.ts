// @vitest-environment happy-dom
// The same hooks under Preact: `react` is `preact/compat`, as a bundler's alias has it.

import { join } from 'node:path';
import { createFakeHub } from '@tidings/client/testing';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { until } from '../../js/tests/harness/until.js';

const at = (path: string) => join(import.meta.dirname, '..', path);

const APP = `
  import { createElement as h, render } from 'react';
  import { TidingsProvider, useChannel, useConnectionStatus, useEventState, usePresence } from './src/index.ts';

  function App({ name }) {
    const state = useChannel('jobs', ({ data }) => heard.push([name, data]));
    const [sum] = useEventState('jobs', (before, { data }) => before + data, 0);
    const { users } = usePresence('jobs');
    return [state, useConnectionStatus(({ status }) => status), sum, users.join()].join(' ');
  }

  const heard = [];
  export function start(holder, options) {
    const show = (name) => render(h(TidingsProvider, { options }, h(App, { name })), holder);
    return { heard, show, end: () => render(null, holder) };
  }
`;

test('they subscribe, render and leave as they do under React', async () => {
  const holder = document.createElement('main');
  const hub = createFakeHub();
  const bundle = await build({
    stdin: { contents: APP, resolveDir: at('') },
    alias: { react: 'preact/compat', '@tidings/client': at('../js/src/index.ts') },
    bundle: true,
    format: 'iife',
    globalName: 'app',
    write: false,
    logLevel: 'error',
  });
  const { start } = new Function(`${bundle.outputFiles[0]?.text}; return app;`)();
  const { show, heard, end } = start(holder, { url: hub.url, platform: hub.platform });
  const shows = (text: string) =>
    until(
      () => holder.textContent === text,
      () => `${holder.textContent}`,
    );
  show('first');
  expect(holder.textContent).toBe('pending idle 0 ');
  await shows('active connected 0 anonymous');
  show('second');
  hub.publish('jobs', 2);
  hub.publish('jobs', 3);
  await shows('active connected 5 anonymous');
  expect(heard).toEqual([
    ['second', 2],
    ['second', 3],
  ]);
  end();
  await until(() => hub.connections().length === 0);
});
