import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { streamOptions, TidingsProvider } from './live';
import './style.css';

const queryClient = new QueryClient({
  // Events say when something is old. Nothing is fetched because a window came to the front.
  defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, refetchOnWindowFocus: false } },
});

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <TidingsProvider options={streamOptions()}>
        <App />
      </TidingsProvider>
    </QueryClientProvider>
  </StrictMode>,
);
