import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Entrance } from './Entrance';
import './style.css';
import './parts.css';

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <Entrance />
  </StrictMode>,
);
