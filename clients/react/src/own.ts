import { type Client, type ClientOptions, createClient, IDLE } from '@tidings/client';

/** A provider's own client: a `Client` like any other, and what its provider does with it. */
export interface OwnClient extends Client {
  /** Those of the provider's last render. */
  options: ClientOptions<never> | undefined;
  /** The answer ends it, unless it is mounted again at once, as StrictMode does. */
  mount(): () => void;
}

/**
 * It is there from the first demand to the unmount. Demands come from effects and handlers alone, so that a render that
 * React throws away, or one on a server, makes nothing that would need an end.
 */
export function ownClient(options?: ClientOptions<never>): OwnClient {
  let client: Client | undefined;
  let mounted = false;

  const demanded = (): Client => {
    const { options } = own;
    if (!options) throw new TypeError('TidingsProvider has neither `client` nor `options`: give it one of them');
    // The token function of the last render: the first one's would see the first render's world for ever.
    const token: ClientOptions<never>['token'] = (ask) => own.options?.token?.(ask) ?? null;
    client ??= createClient({ ...options, ...(options.token && { token }) });
    return client;
  };
  const closed = () => client?.status.getSnapshot().status === 'closed';

  const own: OwnClient = {
    options,
    status: {
      getSnapshot: () => client?.status.getSnapshot() ?? IDLE,
      subscribe: (changed) => demanded().status.subscribe(changed),
    },
    subscribe: (...args) => demanded().subscribe(...args),
    on: (...args) => demanded().on(...args),
    events: (...args) => demanded().events(...args),
    request: (...args) => demanded().request(...args),
    reconnect: () => client?.reconnect(),
    close: () => demanded().close(),
    mount: () => {
      mounted = true;
      return () => {
        mounted = false;
        queueMicrotask(() => {
          // What somebody closed stays closed, also where the tree is hidden and shown again.
          if (mounted || closed()) return;
          client?.close();
          client = undefined;
        });
      };
    },
  };
  return own;
}
