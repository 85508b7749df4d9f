import { useEffect, useRef } from 'preact/hooks';
import { Clock } from './clock.js';
import { count } from './format.js';
import { client, TidingsProvider } from './hub/client.js';
import { SessionContext, useAskedSession } from './hub/session.js';
import { useStats } from './hub/stats.js';
import type { Stats } from './hub/types.js';
import { Countdown } from './parts/drain.js';
import { Foreign } from './parts/foreign.js';
import { Headline } from './parts/headline.js';
import { ThemeToggle } from './parts/theme.js';
import { Trends } from './parts/trends.js';
import { Who } from './parts/who.js';
import { format, VIEWS, type View } from './route.js';
import { Router, useRouting } from './routing.js';
import { ChannelDrawer } from './views/channel-drawer.js';
import { Channels } from './views/channels.js';
import { Closed } from './views/closed.js';
import { ConnectionDrawer } from './views/connection-drawer.js';
import { Connections } from './views/connections.js';
import { Nodes } from './views/nodes.js';
import { Users } from './views/users.js';

const NAMES: Readonly<Record<View, string>> = {
  connections: 'Connections',
  closed: 'Recently closed',
  channels: 'Channels',
  users: 'Users',
  nodes: 'Nodes',
};

export function App() {
  const session = useAskedSession();
  return (
    <TidingsProvider client={client}>
      <Clock>
        <SessionContext.Provider value={session}>
          <Page />
        </SessionContext.Provider>
      </Clock>
    </TidingsProvider>
  );
}

function Page() {
  const routing = useRouting();
  const latest = useStats();
  const { view, params } = routing.route;
  const main = useRef<HTMLElement>(null);
  const { stats } = latest;
  useEffect(() => {
    document.title = `${stats ? `${count(stats.connections.active)} open · ` : ''}${NAMES[view]} · Tidings`;
  }, [stats, view]);
  return (
    <Router.Provider value={routing}>
      {/* A button, and no link: the address says what is shown, and the skip must not change it. */}
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to {NAMES[view].toLowerCase()}
      </button>
      <Masthead node={stats?.node} />
      <div class="overview">
        <Headline latest={latest} />
        <Trends />
      </div>
      {stats && stats.phase !== 'serving' && view !== 'nodes' && <Draining stats={stats} />}
      <Views view={view} />
      <main ref={main} id="main" tabIndex={-1} aria-label={NAMES[view]}>
        {view === 'connections' && (
          <Connections types={JSON.stringify(Object.keys(stats?.connections.by_type ?? {}).sort())} />
        )}
        {view === 'closed' && <Closed />}
        {view === 'channels' && <Channels />}
        {view === 'users' && <Users />}
        {view === 'nodes' && <Nodes stats={stats} />}
      </main>
      {(view === 'connections' || view === 'closed') && params.id && (
        <ConnectionDrawer key={params.id} id={params.id} onClose={() => routing.go({ id: undefined })} />
      )}
      {view === 'channels' && params.channel && (
        <ChannelDrawer
          key={params.channel}
          channel={params.channel}
          onClose={() => routing.go({ channel: undefined })}
        />
      )}
    </Router.Provider>
  );
}

function Masthead({ node }: { node: string | undefined }) {
  return (
    <header class="masthead">
      <p class="wordmark">
        <Mark /> Tidings
      </p>
      {node !== undefined && <Foreign of={node} max={32} class="code node" />}
      <a class="elsewhere" href="../">
        Live channel
      </a>
      <Who />
      <ThemeToggle />
    </header>
  );
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <circle cx="10" cy="22" r="3" />
      <path d="M10 14a8 8 0 0 1 8 8M10 7a15 15 0 0 1 15 15" />
    </svg>
  );
}

function Views({ view }: { view: View }) {
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a narrow screen the current one may be out of sight.
    const current = nav.current?.querySelector<HTMLElement>('[aria-current]');
    if (nav.current && current) nav.current.scrollLeft = current.offsetLeft - nav.current.offsetLeft - 16;
  }, [view]);
  return (
    <nav ref={nav} class="views" aria-label="Views">
      {VIEWS.map((name) => (
        <a key={name} href={format(name)} aria-current={name === view ? 'page' : undefined}>
          {NAMES[name]}
        </a>
      ))}
    </nav>
  );
}

function Draining({ stats }: { stats: Stats }) {
  return (
    <section class="banner" aria-label="Drain">
      <strong>This node is draining.</strong>
      <Countdown stats={stats} />
    </section>
  );
}
