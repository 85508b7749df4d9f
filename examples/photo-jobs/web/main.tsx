import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { useSharing } from './hooks/useSharing';
import { streamOptions, TidingsProvider } from './live';
import { SharingSwitch } from './parts/SharingSwitch';
import './style.css';
import './parts.css';

const queryClient = new QueryClient({
  // Events say when something is old. Nothing is fetched because a window came to the front; and what failed twice waits
  // for the stream to come back (useRecovery).
  defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, refetchOnWindowFocus: false, retry: 1 } },
});

export function Root() {
  const [sharing, share] = useSharing();
  return (
    <QueryClientProvider client={queryClient}>
      {/* Another key is another client: the one before is closed with its stream. */}
      <TidingsProvider key={String(sharing)} options={streamOptions(sharing)}>
        <App />
      </TidingsProvider>
      <SharingSwitch sharing={sharing} share={share} />
    </QueryClientProvider>
  );
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <Root />
  </StrictMode>,
);
