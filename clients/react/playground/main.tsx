import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.js';
import { Books } from './Books.js';

function Page() {
  const [strict, setStrict] = useState(true);
  const [mounted, setMounted] = useState(true);
  const app = mounted ? <App /> : <p className="card empty">Unmounted: the provider has closed its client.</p>;
  return (
    <>
      <header>
        <h1>Tidings playground</h1>
        <Books />
        <fieldset>
          <legend>The whole tree</legend>
          <label>
            <input type="checkbox" checked={mounted} onChange={({ target }) => setMounted(target.checked)} /> mounted
          </label>
          <label>
            <input type="checkbox" checked={strict} onChange={({ target }) => setStrict(target.checked)} /> in
            StrictMode
          </label>
        </fieldset>
      </header>
      {strict ? <StrictMode>{app}</StrictMode> : app}
    </>
  );
}

const root = document.getElementById('root');
if (root) createRoot(root).render(<Page />);
