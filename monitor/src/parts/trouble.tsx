import type { Refusal } from '../hub/ask.js';
import { Icon } from './icon.js';

/** What the hub refused, in its own words. */
export function Trouble({ problem }: { problem: Refusal | Error | null }) {
  if (!problem) return null;
  return (
    <p class="trouble" role="alert">
      <Icon name="alert" /> {problem.message}
    </p>
  );
}
