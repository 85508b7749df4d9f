import type { Settings, Share } from './options.js';
import { Tab } from './tab.js';

export interface ShareOptions {
  /**
   * Stands for the user. Tabs share a stream if their client has the same `url` and the same key: what one user may see
   * must not reach a tab of another. Take their id, or anything that changes when they log in or out. Not empty.
   */
  readonly key: string;
  /**
   * Milliseconds within which a tab that has the stream and stands still (frozen, busy, in a debugger) is replaced: after
   * half of it without a word it is asked, and after the other half without an answer another tab takes over. 1 000 or
   * more; default: 5 000.
   */
  readonly watchdogMs?: number;
}

/** Another number for another way to talk: tabs of two versions have a stream each. */
const PROTOCOL = 1;

/**
 * One stream for all tabs of this origin that share the key, instead of one for each:
 * `createClient({ url, share: shareTabs({ key: userId }) })`. One tab leads and has the stream, the others hear from it;
 * when it goes, is frozen or crashes, another one takes over where the slowest of them is.
 *
 * Needs Web Locks and BroadcastChannel, so https or localhost. Elsewhere each client has a stream of its own.
 *
 * Throws a `RangeError` for an option that can't be.
 */
export function shareTabs({ key, watchdogMs = 5_000 }: ShareOptions): Share {
  if (!(watchdogMs >= 1_000)) throw new RangeError(`watchdogMs is ${watchdogMs}: give 1000 or more`);
  // Nobody's key would be everybody's: what is not known yet (`user?.id`) must not join those who are others.
  if (!key) throw new RangeError('key is empty: give one that stands for the user');
  return (settings, hooks, open) => {
    const { locks } = settings.platform;
    const broadcast = settings.platform.broadcast ?? broadcasts();
    if (!locks || !broadcast) return open(settings, hooks);
    return new Tab({ name: named(settings, key), watchdogMs, locks, broadcast, settings, hooks, open });
  };
}

/** Who asks for names and who asks for all that is granted need two streams. */
const named = ({ url, channels }: Settings, key: string): string =>
  `tidings:${PROTOCOL}:${JSON.stringify([url, key, channels === 'granted'])}`;

const broadcasts = () => globalThis.BroadcastChannel && ((name: string) => new BroadcastChannel(name));
