import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useState } from 'preact/hooks';
import { format, parse, type Route, type View } from './route.js';

type Params = Readonly<Record<string, string | undefined>>;

export interface Routing {
  readonly route: Route;
  /** The same view with other parameters; undefined takes one away. With `quiet` no new entry in the history. */
  readonly go: (params: Params, how?: { trail?: unknown; quiet?: boolean }) => void;
  readonly show: (view: View, params?: Params) => void;
}

export const Router = createContext<Routing | null>(null);

export function useRoute(): Routing {
  const routing = useContext(Router);
  if (!routing) throw new Error('no router above this');
  return routing;
}

/** A change of what is listed begins at the first page again. */
export const FIRST_PAGE = { after: undefined, page: undefined };

export function useRouting(): Routing {
  const [route, setRoute] = useState(() => parse(location.hash));
  useEffect(() => {
    const read = () => setRoute(parse(location.hash));
    // A link's click tells both; going back tells `popstate` alone.
    addEventListener('popstate', read);
    addEventListener('hashchange', read);
    return () => {
      removeEventListener('popstate', read);
      removeEventListener('hashchange', read);
    };
  }, []);
  const move = useCallback((hash: string, quiet: boolean, state: unknown) => {
    if (quiet) history.replaceState(state, '', hash);
    else history.pushState(state, '', hash);
    setRoute(parse(hash));
  }, []);
  const go = useCallback<Routing['go']>(
    (params, how = {}) => {
      const now = parse(location.hash);
      const state = how.trail ? { trail: how.trail } : history.state;
      move(format(now.view, { ...now.params, ...params }), how.quiet ?? false, state);
    },
    [move],
  );
  const show = useCallback<Routing['show']>((view, params) => move(format(view, params), false, null), [move]);
  return { route, go, show };
}
