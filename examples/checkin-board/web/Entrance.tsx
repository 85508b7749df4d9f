import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { App } from './App';
import { fetchSession, Refused, type Session, signOut } from './api';
import { streamOptions, TidingsProvider } from './live';
import { Login } from './parts/Login';

/** A timer takes no more than 24.8 days. */
const TIMER_MS_MAX = 2 ** 31 - 1;

// Events say when something is old. And what nobody shows is kept no longer: it is somebody's who has signed out.
const queries = { staleTime: Number.POSITIVE_INFINITY, gcTime: 0, retry: false, refetchOnWindowFocus: false };

/** The login, or the board of whoever is signed in: never both, so that a session's end is the end of its stream. */
export function Entrance() {
  const [session, setSession] = useState<Session | null>();
  const [why, setWhy] = useState('');

  const enter = useCallback(async () => {
    try {
      setSession(await fetchSession());
      setWhy('');
    } catch (error) {
      setSession(null);
      if (!(error instanceof Refused && error.status === 401)) setWhy(String((error as Error).message));
    }
  }, []);
  const leave = useCallback((why: string) => {
    setSession(null);
    setWhy(why);
  }, []);
  const out = useCallback(async () => {
    // The board is gone at once, and nobody signs in before the server has answered: it would take the new cookie away.
    setSession(undefined);
    try {
      await signOut();
      leave('You are signed out.');
    } catch (error) {
      const isOver = error instanceof Refused && error.status === 401;
      leave(isOver ? 'You are signed out.' : `You are not signed out: ${(error as Error).message}`);
    }
  }, [leave]);
  const over = useCallback(() => leave('Your session has ended. Sign in again.'), [leave]);

  useEffect(() => void enter(), [enter]);
  useEffect(() => {
    if (!session) return;
    const leftMs = Math.min(session.user.session_ends_at_ms - Date.now(), TIMER_MS_MAX);
    const timer = setTimeout(over, Math.max(leftMs, 0));
    return () => clearTimeout(timer);
  }, [session, over]);

  if (session === undefined) return <p className="wait">One moment …</p>;
  if (session === null) return <Login why={why} entered={enter} />;
  return <Signed key={session.user.id} session={session} out={out} leave={leave} over={over} />;
}

interface Props {
  session: Session;
  out: () => Promise<void>;
  leave: (why: string) => void;
  over: () => void;
}

function Signed({ session, out, leave, over }: Props) {
  // Another user's board is another cache, and another stream.
  const [queryClient] = useState(() => new QueryClient({ defaultOptions: { queries } }));
  return (
    <QueryClientProvider client={queryClient}>
      <TidingsProvider options={streamOptions(session, over)}>
        <App user={session.user} signOut={() => void out()} signInAgain={() => leave('')} />
      </TidingsProvider>
    </QueryClientProvider>
  );
}
