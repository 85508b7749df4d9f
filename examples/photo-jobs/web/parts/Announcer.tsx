import { useState } from 'react';
import { useChannel } from '../live';

/** For those who hear the page: what became of each photo. A third user of `jobs`; its channel is on the stream once. */
export function Announcer() {
  const [words, setWords] = useState('');
  useChannel('jobs', {
    job_completed: ({ data }) => setWords(data.status === 'failed' ? `${data.name} failed` : `${data.name} is ready`),
  });
  return (
    <p className="heard" aria-live="polite">
      {words}
    </p>
  );
}
