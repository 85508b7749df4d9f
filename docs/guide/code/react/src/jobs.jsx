import { useEventState } from '@tidings/react';

export function Jobs() {
  const [jobs, setJobs] = useEventState('jobs', (before, { data }) => ({ ...before, [data.id]: data.status }), {}, {
    onGap: () => setJobs({}),
  });
  return (
    <ul id="jobs">
      {Object.entries(jobs).map(([id, status]) => (
        <li key={id}>
          job {id}: {status}
        </li>
      ))}
    </ul>
  );
}
