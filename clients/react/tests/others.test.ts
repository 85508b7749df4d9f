// @vitest-environment happy-dom
// The same hooks under the oldest React that they are for, and under Preact as a bundler's alias has it.

import { join } from 'node:path';
import { createFakeHub } from '@tidings/client/testing';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { until } from '../../js/tests/harness/until.js';

const at = (path: string) => join(import.meta.dirname, '..', path);

const APP = `
  import { createElement as h, StrictMode } from 'react';
  export { version } from 'react';
  import { createRoot } from 'react-dom/client';
  import { TidingsProvider, useChannel, useConnectionStatus, useEventState, usePresence } from './src/index.ts';

  function App({ name }) {
    const state = useChannel('jobs', ({ data }) => heard.push([name, data]));
    const [sum] = useEventState('jobs', (before, { data }) => before + data, 0);
    const { users } = usePresence('jobs');
    return [name, state, useConnectionStatus(({ status }) => status), sum, users.join()].join(' ');
  }

  const heard = [];
  export function start(holder, options) {
    const root = createRoot(holder);
    const show = (name) => root.render(h(StrictMode, null, h(TidingsProvider, { options }, h(App, { name }))));
    return { heard, show, end: () => root.unmount() };
  }
`;

/** By the names that they are imported under. */
const OTHERS = {
  Preact: { react: 'preact/compat', 'react-dom/client': 'preact/compat/client' },
  'React 18': {
    react: at('../react-18/node_modules/react'),
    'react-dom/client': at('../react-18/node_modules/react-dom/client.js'),
  },
};

test.each(Object.entries(OTHERS))(
  'under %s they subscribe, render and leave as they do under React',
  async (name, alias) => {
    const holder = document.createElement('main');
    const hub = createFakeHub();
    const bundle = await build({
      stdin: { contents: APP, resolveDir: at('') },
      alias: { ...alias, '@tidings/client': at('../js/src/index.ts') },
      bundle: true,
      format: 'iife',
      globalName: 'app',
      write: false,
      logLevel: 'error',
    });
    const { start, version } = new Function(`${bundle.outputFiles[0]?.text}; return app;`)();
    const { show, heard, end } = start(holder, { url: hub.url, platform: hub.platform });
    const shows = (text: string) =>
      until(
        () => holder.textContent === text,
        () => `${holder.textContent}`,
      );
    if (name === 'React 18') expect(version).toMatch(/^18\./);
    show('first');
    await shows('first active connected 0 anonymous');
    show('second');
    await shows('second active connected 0 anonymous');
    hub.publish('jobs', 2);
    hub.publish('jobs', 3);
    await shows('second active connected 5 anonymous');
    expect(heard).toEqual([
      ['second', 2],
      ['second', 3],
    ]);
    end();
    await until(() => hub.connections().length === 0);
  },
);
