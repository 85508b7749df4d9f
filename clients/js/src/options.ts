import { type Backoff, QUICK } from './backoff.js';
import type { Connection, Link, LinkHooks } from './connection.js';
import type { ChannelOf } from './event.js';
import { type Platform, platform } from './platform.js';
import { byFetch, type Transport } from './transport.js';

/** Why a token is asked for: before an attempt, after a 401, or because the grant ends soon. */
export type TokenReason = 'connect' | 'unauthorized' | 'expiring';

/** Puts another link in place of a stream of the client's own, which `open` makes: see `shareTabs`. */
export type Share = (
  settings: Settings,
  hooks: LinkHooks,
  open: (settings: Settings, hooks: LinkHooks) => Connection,
) => Link;

export interface ClientOptions<E> {
  /** The hub's origin, and the path before `/api/sse`, if any: `https://hub.example`. `''` is the page's own origin. */
  readonly url: string;
  /**
   * Channels, and patterns, that are on the stream until `close()`, besides those that are subscribed to. With any, the
   * stream opens at once. At most 100 on one stream, those that are more are `denied`; all names in one request line of
   * 8 KiB.
   *
   * `'granted'`: whatever the hub lets this user read, also as that changes, until `close()`. The hub decides alone:
   * who subscribes then only picks from that, and asks it for nothing.
   */
  readonly channels?: readonly ChannelOf<E>[] | 'granted';
  /**
   * Gives the token that is sent as `Authorization: Bearer`; null sends none. Asked before every attempt, so it should
   * answer from memory while the token is good. If it throws, that attempt has failed and the next one asks again.
   */
  readonly token?: (ask: {
    readonly reason: TokenReason;
    readonly signal: AbortSignal;
  }) => string | null | Promise<string | null>;
  /** `include` sends cookies to another origin, too. Default: `same-origin`. */
  readonly credentials?: RequestCredentials;
  /** A cursor to go on from, or `earliest` for all that the hub still holds. Default: from now. */
  readonly since?: string;
  /** A label for people, as the monitor shows it, 1–255 bytes. Default: the hub's, `client`. */
  readonly type?: string;
  /** In place of the id that the client makes and keeps for its tab: 1–255 bytes, and unguessable. */
  readonly clientId?: string;
  /**
   * Seconds within which the client promises to check in, 3–3600; 0 promises nothing. It costs a small request each
   * third of it, and bounds how long a proxy can hide that this client has gone. Default: 90.
   */
  readonly leaseSeconds?: number;
  /** How long to wait between attempts. Default: `QUICK`; single members may be given. */
  readonly backoff?: Partial<Backoff>;
  /** Milliseconds that an attempt may take until the stream is open, the token's time included. Default: 20 000. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds that a channel stays on the stream after its last subscriber went. Default: 250. */
  readonly lingerMs?: number;
  /** An event whose data is not what a hub sends: it is left out, and the stream goes on. Default: `console.warn`. */
  readonly onMalformed?: (raw: string) => void;
  /** One stream for all tabs of a user: `shareTabs` of `@tidings/client/share`. Default: each client has its own. */
  readonly share?: Share;
  /** In place of parts of this environment; for tests, workers and frameworks. */
  readonly platform?: Partial<Platform>;
  readonly transport?: Transport;
}

type Defaults =
  | 'credentials'
  | 'connectTimeoutMs'
  | 'lingerMs'
  | 'onMalformed'
  | 'transport'
  | 'leaseSeconds'
  | 'share';

export interface Settings
  extends Omit<ClientOptions<unknown>, 'since' | Defaults>,
    Required<Pick<ClientOptions<unknown>, Defaults>> {
  readonly since: string | null;
  readonly backoff: Backoff;
  readonly platform: Platform;
}

/** Throws a `RangeError` for a value that can't be. */
export function settle<E>(options: ClientOptions<E>): Settings {
  const settings: Settings = {
    credentials: 'same-origin',
    since: null,
    connectTimeoutMs: 20_000,
    lingerMs: 250,
    leaseSeconds: 90,
    onMalformed: (raw) => console.warn('tidings: passed over an event:', raw),
    transport: byFetch,
    share: (settings, hooks, open) => open(settings, hooks),
    // One that is undefined is not given.
    ...(Object.fromEntries(Object.entries(options).filter(([, given]) => given !== undefined)) as object),
    url: options.url.replace(/\/+$/, ''),
    backoff: { ...QUICK, ...options.backoff },
    platform: { ...platform(), ...options.platform },
  };
  const { leaseSeconds } = settings;
  if (leaseSeconds !== 0 && !(leaseSeconds >= 3 && leaseSeconds <= 3_600 && leaseSeconds % 1 === 0)) {
    throw new RangeError('leaseSeconds: give 0, or a whole number from 3 to 3600');
  }
  const { firstMs, maxMs } = settings.backoff;
  if (!(firstMs > 0 && maxMs >= firstMs)) {
    throw new RangeError('backoff: give firstMs above 0, and maxMs not below it');
  }
  return settings;
}
