import { visible } from '../text.js';
import { Foreign } from './foreign.js';

const NAMES_MAX = 2;
const TITLE_NAMES_MAX = 100;

/** The first of a connection's channels, and how many more; or all of them. */
export function ChannelNames({ of, all = false }: { of: readonly string[]; all?: boolean }) {
  if (of.length === 0) return <span class="none">none</span>;
  const shown = all ? of : of.slice(0, NAMES_MAX);
  const more = of.length - shown.length;
  return (
    <span class={all ? 'names all' : 'names'}>
      {shown.map((name) => (
        <Foreign key={name} of={name} max={all ? 60 : 18} class="tag" />
      ))}
      {more > 0 && (
        <span class="aside" title={of.slice(NAMES_MAX, TITLE_NAMES_MAX).map(visible).join('\n')}>
          +{more}
        </span>
      )}
    </span>
  );
}
