/**
 * The world as a client sees it. Everything that is not a rule goes through here, so that a test, a worker or a
 * framework can put its own in place.
 */
export interface Platform {
  /** As the global `fetch`; undefined where there is none. */
  readonly fetch: typeof fetch | undefined;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Calls once after `ms` milliseconds, and answers what ends that. */
  readonly timer: (call: () => void, ms: number) => () => void;
  /** Sends a few bytes that outlive the page, and hears no answer. */
  readonly beacon: (url: string, body: string) => void;
  /** Tells of the page's life; the answer ends that. */
  readonly lifecycle: (page: PageListener) => () => void;
  /** What a tab keeps over a reload; undefined where nothing is kept. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem'> | undefined;
  /** As `navigator.locks`; undefined outside a secure context. */
  readonly locks: Pick<LockManager, 'request'> | undefined;
  /** As `new BroadcastChannel(name)`, for `shareTabs`. Default: the global one, where there is one. */
  readonly broadcast?: (name: string) => Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'>;
  /** An error in a listener of the application: shown, and nothing else suffers from it. */
  readonly report: (error: unknown) => void;
}

export interface PageListener {
  /** The page is left or frozen, and may come back. */
  readonly suspend: () => void;
  readonly resume: () => void;
  /** The network is back, or the page is looked at again: what waits need not wait. */
  readonly nudge: () => void;
}

/** What this environment has: a browser's page, a worker, Node 20 or newer. Reads no global before it is called. */
export function platform(): Platform {
  return {
    fetch: globalThis.fetch && ((...args) => fetch(...args)),
    now: () => performance.now(),
    random: Math.random,
    timer: (call, ms) => {
      const timer = setTimeout(call, ms);
      return () => clearTimeout(timer);
    },
    beacon,
    lifecycle,
    storage: sessionStore(),
    locks: globalThis.navigator?.locks,
    report: (error) => (globalThis.reportError ?? console.error)(error),
  };
}

function beacon(url: string, body: string): void {
  try {
    if (globalThis.navigator?.sendBeacon?.(url, body)) return;
    // Over the browser's quota, or no browser.
    fetch(url, { method: 'POST', body, keepalive: true }).catch(() => {});
  } catch {
    // The end of the socket, the next connection under the same name, or the lease will tell the hub as well.
  }
}

function lifecycle({ suspend, resume, nudge }: PageListener): () => void {
  const end = new AbortController();
  const on = (target: EventTarget, type: string, call: () => void) =>
    target.addEventListener(type, call, { signal: end.signal });
  if (typeof document !== 'undefined') {
    // `pagehide` rather than `beforeunload`, which fires on departures that don't happen, and `unload`, which shuts the
    // page out of the back-forward cache.
    on(globalThis, 'pagehide', suspend);
    on(globalThis, 'pageshow', resume);
    on(document, 'freeze', suspend);
    on(document, 'resume', resume);
    on(globalThis, 'online', nudge);
    on(document, 'visibilitychange', () => document.visibilityState === 'visible' && nudge());
  }
  return () => end.abort();
}

function sessionStore(): Storage | undefined {
  try {
    // Throws where the page may keep nothing.
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
