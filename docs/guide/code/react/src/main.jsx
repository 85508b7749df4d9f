import { TidingsProvider } from '@tidings/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.jsx';

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <TidingsProvider options={{ url: '' }}>
      <App />
    </TidingsProvider>
  </StrictMode>,
);
