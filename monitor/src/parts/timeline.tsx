import type { Moment } from '../hub/types.js';
import { moment } from '../moments.js';
import { Foreign } from './foreign.js';
import { When } from './when.js';

/** What happened to a connection, in order. */
export function Timeline({ moments }: { moments: readonly Moment[] }) {
  return (
    <section aria-labelledby="timeline-title">
      <h3 id="timeline-title">Timeline</h3>
      <ol class="timeline">
        {moments.map((one, place) => {
          const { words, detail, tone } = moment(one);
          return (
            // Moments are only added, and two may be alike.
            <li key={place} data-tone={tone}>
              <p>
                <strong>{words}</strong> {detail !== '' && <Foreign of={detail} max={120} class="aside" />}
              </p>
              <When at={one.at} as="both" />
            </li>
          );
        })}
      </ol>
    </section>
  );
}
