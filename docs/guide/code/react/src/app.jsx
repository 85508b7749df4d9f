import { useState } from 'react';
import { Jobs } from './jobs.jsx';
import { Light } from './light.jsx';
import { Latest } from './latest.jsx';

export function App() {
  const [shown, show] = useState(true);
  return (
    <main>
      <h1>Jobs</h1>
      <Light />
      <button type="button" onClick={() => show(!shown)}>
        {shown ? 'Hide' : 'Show'} the list
      </button>
      {shown && <Jobs />}
      <Latest />
    </main>
  );
}
