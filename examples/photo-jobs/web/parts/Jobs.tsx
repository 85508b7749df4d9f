import type { Job } from '../api';

const SHOWN_MAX = 12;
const WORDS = { queued: 'waits', running: 'runs', completed: 'done', failed: 'failed' } as const;

export function Jobs({ jobs }: { readonly jobs: readonly Job[] }) {
  const open = jobs.filter(({ status }) => status === 'queued' || status === 'running').length;
  return (
    <section className="card" aria-labelledby="jobs-title">
      <h2 id="jobs-title">
        Jobs <span className="count">{open > 0 ? `${open} to do` : 'all done'}</span>
      </h2>
      {jobs.length === 0 && <p className="fine">Upload a photo: its thumbnails are made here, step by step.</p>}
      <ul className="jobs">
        {jobs.slice(0, SHOWN_MAX).map((job) => (
          <JobRow key={job.id} job={job} />
        ))}
      </ul>
    </section>
  );
}

function JobRow({ job }: { readonly job: Job }) {
  const { id, name, status, done, total, error, task_type, project_folder } = job;
  return (
    <li className={`job ${status}`} data-id={id} data-status={status}>
      <span className="name" title={`${task_type} of ${name} in ${project_folder}`}>
        {name}
      </span>
      <span className={`badge ${status}`}>{WORDS[status]}</span>
      {(status === 'queued' || status === 'running') && (
        <progress max={total} value={done} aria-label={`${task_type} of ${name}`} />
      )}
      {error && <p className="why">{error}</p>}
    </li>
  );
}
