import { useEventState } from '../live';

const KEPT_MAX = 20;

/**
 * For those who hear the page: what became of each photo. A further user of `jobs`, whose channel is on the stream once
 * all the same. A list, since events that come in one go are rendered in one.
 */
export function Announcer() {
  const [said] = useEventState(
    'jobs',
    (said: readonly string[], { type, data: { name, status } }) =>
      type === 'job_completed'
        ? [...said, `${name} ${status === 'failed' ? 'failed' : 'is ready'}`].slice(-KEPT_MAX)
        : said,
    [],
  );
  return (
    <div className="heard" role="log">
      {said.map((words, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two photos may have one name
        <p key={at}>{words}</p>
      ))}
    </div>
  );
}
