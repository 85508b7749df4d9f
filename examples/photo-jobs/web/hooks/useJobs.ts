import { type QueryClient, useQuery } from '@tanstack/react-query';
import { setData, useQuerySync } from '@tidings/react/query';
import { fetchJobs, type Job } from '../api';
import type { Events } from '../live';

const KEY = ['jobs'];
const JOBS_SHOWN_MAX = 50;

/**
 * The jobs, the newest first. Each event carries its whole job, so it is written into what is there, and nothing is
 * fetched; after a gap they are fetched anew.
 */
export function useJobs(): readonly Job[] {
  useQuerySync<Events>({
    jobs: setData<readonly Job[], { readonly data: Job }>(KEY, (jobs, { data }) => withJob(jobs ?? [], data)),
  });
  return useQuery({ queryKey: KEY, queryFn: fetchJobs }).data ?? [];
}

/** What the answer to an upload tells of jobs, before the first event does. */
export function addJobs(queryClient: QueryClient, added: readonly Job[]): void {
  queryClient.setQueryData<readonly Job[]>(KEY, (jobs) => added.reduce(withJob, jobs ?? []));
}

function withJob(jobs: readonly Job[], told: Job): readonly Job[] {
  const known = jobs.find(({ id }) => id === told.id);
  // An event from before what was fetched comes again after a reconnect.
  if (known && known.updated_at >= told.updated_at) return jobs;
  if (known) return jobs.map((job) => (job === known ? told : job));
  return [told, ...jobs].sort((one, other) => other.id - one.id).slice(0, JOBS_SHOWN_MAX);
}
