import { useRoute } from '../routing.js';
import { Foreign } from './foreign.js';

/** A row's name, which opens what there is to say of it. */
export function Opener({ of, to }: { of: string; to: Readonly<Record<string, string>> }) {
  const { go } = useRoute();
  return (
    <button type="button" class="opener" onClick={() => go(to)} aria-haspopup="dialog">
      <Foreign of={of} max={60} />
    </button>
  );
}
