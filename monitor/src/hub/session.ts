import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';

/** Who looks, and what they may. */
export interface Session {
  readonly user: string;
  readonly role: 'read' | 'operator';
  readonly by: 'token' | 'password' | 'dev';
  readonly expires_at: number | null;
  /** Whether there is a login to end. */
  readonly logout: boolean;
}

/** Null until the hub has said it. */
export const SessionContext = createContext<Session | null>(null);
export const useSession = (): Session | null => useContext(SessionContext);

/** Whether the one who looks may change anything. What the hub has not said, nobody may. */
export const useMay = (): boolean => useSession()?.role === 'operator';

const AGAIN_MS = 3_000;
const KEPT_AS = 'tidings-monitor-at';

/** Asks who looks, until the hub says it. */
export function useAskedSession(): Session | null {
  const [session, setSession] = useState<Session | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const asking = async () => {
      try {
        const answer = await fetch(beside('session'), { cache: 'no-store', signal: abort.signal });
        if (answer.ok) return setSession((await answer.json()) as Session);
        if (answer.status === 401 || answer.status === 403) return toLogin();
      } catch {
        // The hub is away: the light says so.
      }
      if (!abort.signal.aborted) timer = setTimeout(asking, AGAIN_MS);
    };
    void asking();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, []);
  return session;
}

/** To the login, and later back to what is shown now. */
export function toLogin(): void {
  try {
    sessionStorage.setItem(KEPT_AS, location.hash);
  } catch {
    // Then it begins at the first page.
  }
  location.replace(beside('login'));
}

/** Where somebody was when the login came in between. */
export function backFromLogin(): void {
  try {
    const kept = sessionStorage.getItem(KEPT_AS);
    sessionStorage.removeItem(KEPT_AS);
    if (kept && location.hash === '') history.replaceState(null, '', kept);
  } catch {
    // There is nothing to go back to.
  }
}

/** Ends the login, here and at the hub. */
export async function logOut(): Promise<void> {
  await fetch(beside('logout'), { method: 'POST', redirect: 'manual', headers: { 'Tidings-Client': 'monitor' } });
  location.replace(beside('login'));
}

function beside(name: string): string {
  return new URL(name, location.href).href;
}
