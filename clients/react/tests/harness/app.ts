// The application of the browser's tests: two components of two channels, which come and go as the test says.

import type { Page } from 'playwright-core';

const component = (name: string, channel: string, version: number) => `
  import { useChannel } from '@tidings/react';

  export function ${name}() {
    const state = useChannel('${channel}', ({ data }) => window.heard.push(['${channel}', data]));
    return <p id="${channel}">{state} ${version}</p>;
  }
`;

export const jobs = (version: number) => component('Jobs', 'jobs', version);

/** How a module makes the client, and what becomes of that when it is replaced. */
const MADE = {
  plainly: "export const hub = createClient({ url: '' });",
  kept: `
    const make = () => createClient({ url: '' });
    export const hub = import.meta.hot ? (import.meta.hot.data.hub ??= make()) : make();
  `,
};
export type Made = keyof typeof MADE;

export const client = (version: number, made: Made) => `
  import { createClient } from '@tidings/client';

  export const version = ${version};
  ${MADE[made]}
`;

const HTML =
  '<!doctype html><title>an app</title><main id="root"></main><script type="module" src="./main.tsx"></script>';

const MAIN = `
  import { StrictMode } from 'react';
  import { createRoot } from 'react-dom/client';
  import { App } from './App.tsx';

  window.heard = [];
  window.root = createRoot(document.getElementById('root'));
  window.mount = () => root.render(<StrictMode><App /></StrictMode>);
  mount();
`;

const appWith = (imports: string, provider: string, version: string) => `
  import { useLayoutEffect, useState } from 'react';
  import { flushSync } from 'react-dom';
  import { TidingsProvider } from '@tidings/react';
  import { Changes } from './Changes.tsx';
  import { Jobs } from './Jobs.tsx';
  ${imports}

  export function App() {
    const [shown, set] = useState({ jobs: true, changes: true });
    useLayoutEffect(() => {
      window.show = (next) => flushSync(() => set((before) => ({ ...before, ...next })));
    }, []);
    return (
      <TidingsProvider ${provider}>
        {shown.jobs && <Jobs />}
        {shown.changes && <Changes />}
        <p id="version">{${version}}</p>
      </TidingsProvider>
    );
  }
`;

/** Its provider makes the client. */
export const app = (version: number) => appWith('', "options={{ url: '' }}", `${version}`);

const COMPONENTS = {
  'index.html': HTML,
  'main.tsx': MAIN,
  'Jobs.tsx': jobs(0),
  'Changes.tsx': component('Changes', 'pending-changes', 0),
};

const given = (made: Made) => ({
  ...COMPONENTS,
  'client.ts': client(0, made),
  'App.tsx': appWith("import { hub, version } from './client.ts';", 'client={hub}', 'version'),
});

const APPS = {
  /** The provider makes the client. */
  owned: { ...COMPONENTS, 'App.tsx': app(0) },
  /** A module makes it. */
  plainly: given('plainly'),
  kept: given('kept'),
};
export type App = keyof typeof APPS;

/** Each in a folder of its own. */
export const FILES = Object.fromEntries(
  Object.entries(APPS).flatMap(([folder, files]) =>
    Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]),
  ),
);

/** Counts what the client could leave in a page: listeners of a page's life, and timers. */
export const COUNTERS = `
  const KINDS = ['pagehide', 'pageshow', 'freeze', 'resume', 'online', 'visibilitychange'];
  const timers = new Set();
  window.left = { listeners: 0, timers: () => timers.size };
  for (const [name, step] of [['addEventListener', 1], ['removeEventListener', -1]]) {
    const real = EventTarget.prototype[name];
    EventTarget.prototype[name] = function (kind, ...more) {
      if (KINDS.includes(kind) && (this === window || this === document)) {
        window.left.listeners += step;
        // A listener with a signal goes with it.
        more[1]?.signal?.addEventListener('abort', () => { window.left.listeners -= 1; });
      }
      return real.call(this, kind, ...more);
    };
  }
  const { setTimeout: set, clearTimeout: clear } = window;
  window.setTimeout = (call, ms, ...more) => {
    const id = set(() => { timers.delete(id); call(...more); }, ms);
    timers.add(id);
    return id;
  };
  window.clearTimeout = (id) => { timers.delete(id); clear(id); };
`;

export interface Left {
  readonly listeners: number;
  readonly timers: number;
}

export const left = (page: Page) =>
  page.evaluate('({ listeners: left.listeners, timers: left.timers() })') as Promise<Left>;
