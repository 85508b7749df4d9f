// Who this tab is. The id lives in sessionStorage, so it stays over a reload; but "duplicate tab" and window.open copy
// sessionStorage too, and two tabs with one id would supersede each other for ever. A Web Lock tells them apart.

const STORED_AS = 'tidings.client_id';
// A reloading page may still hold the lock for a moment; a twin holds it for good.
const LOCK_WAIT_MS = 300;

let claimed = null;
let letGo = null;

/** The id of this tab, held until `releaseClientId`. */
export async function claimClientId() {
  if (claimed && letGo) return claimed;
  const kept = claimed ?? stored();
  if (kept && (await hold(kept))) return (claimed = kept);
  const id = remember(fresh());
  await hold(id);
  return (claimed = id);
}

/** Lets the id go while the page sleeps in the back-forward cache, where a held lock would throw the page out. */
export function releaseClientId() {
  letGo?.();
  letGo = null;
}

/** Forgets the id: the hub has sent this client away, and whoever connects by hand after that is a new one. */
export function forgetClientId() {
  releaseClientId();
  claimed = null;
  try {
    sessionStorage.removeItem(STORED_AS);
  } catch {
    // Storage can be forbidden: then every page load is a client of its own.
  }
}

function hold(id) {
  if (!navigator.locks) return Promise.resolve(true); // Plain http on a host that isn't this machine.
  return new Promise((settled) => {
    navigator.locks
      .request(`tidings-client:${id}`, { signal: AbortSignal.timeout(LOCK_WAIT_MS) }, () => {
        settled(true);
        return new Promise((release) => (letGo = release));
      })
      .catch(() => settled(false));
  });
}

function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function stored() {
  try {
    return sessionStorage.getItem(STORED_AS);
  } catch {
    return null;
  }
}

function remember(id) {
  try {
    sessionStorage.setItem(STORED_AS, id);
  } catch {
    // As above.
  }
  return id;
}
