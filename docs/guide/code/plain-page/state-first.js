import { createClient } from '@tidings/client';

/** Shows a list of jobs and keeps it right: `draw(jobs)` is called with a Map of them after each change. */
export function showJobs({ hub, load, draw }) {
  const client = createClient({ url: hub });
  const jobs = new Map();

  // Listening begins before the list is asked for, so nothing falls between the two.
  client.on('jobs', 'job_completed', ({ data }) => put(data), { onGap: refetch });
  refetch();
  return client;

  async function refetch() {
    for (const job of await load()) put(job);
  }

  // The newer one counts, whichever way it came.
  function put(job) {
    const known = jobs.get(job.id);
    if (known && known.version >= job.version) return;
    jobs.set(job.id, job);
    draw(jobs);
  }
}
