import { Foreign } from './foreign.js';
import { visible } from '../text.js';

const NAMES_MAX = 2;
const TITLE_NAMES_MAX = 100;

export function ChannelNames({ of }: { of: readonly string[] }) {
  if (of.length === 0) return <span class="none">none</span>;
  const more = of.length - NAMES_MAX;
  return (
    <span class="names">
      {of.slice(0, NAMES_MAX).map((name) => (
        <Foreign key={name} of={name} max={22} class="tag" />
      ))}
      {more > 0 && <span class="aside" title={of.slice(NAMES_MAX, TITLE_NAMES_MAX).map(visible).join('\n')}>{` +${more}`}</span>}
    </span>
  );
}
