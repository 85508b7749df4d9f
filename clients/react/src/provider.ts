import type { AnyEvents, Client, ClientOptions } from '@tidings/client';
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useInsertionEffect,
  useState,
} from 'react';
import { ownClient } from './own.js';

export type ProviderProps<E = AnyEvents> = { readonly children?: ReactNode } & (
  | {
      /** A client of your own, which stays open when the provider goes. */
      readonly client: Client<E>;
      readonly options?: undefined;
    }
  | {
      /**
       * What the provider makes a client of, once, when the first hook below it needs one; it closes it when it is
       * unmounted. Of later renders it takes a new `token` function, and nothing else: for another hub give it a `key`.
       */
      readonly options: ClientOptions<E>;
      readonly client?: undefined;
    }
);

const Nearest = createContext<Client | null>(null);

/** Gives the hooks below it their client. The nearest one counts. */
export function TidingsProvider<E = AnyEvents>({ client, options, children }: ProviderProps<E>): ReactElement {
  const [own] = useState(() => ownClient(options as ClientOptions<never> | undefined));
  useInsertionEffect(() => {
    own.options = options as ClientOptions<never> | undefined;
  });
  useEffect(() => own.mount(), [own]);
  return createElement(Nearest.Provider, { value: (client ?? own) as Client }, children);
}

/** The client. Throws where no `TidingsProvider` is above. */
export function useTidings<E = AnyEvents>(): Client<E> {
  const client = useContext(Nearest);
  if (!client) throw new Error('no TidingsProvider above this component: wrap the tree in one');
  return client as unknown as Client<E>;
}
