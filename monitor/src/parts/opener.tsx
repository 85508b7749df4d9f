import { Foreign } from './foreign.js';

/** A row's name, which opens what there is to say of it. */
export function Opener({ of, onOpen }: { of: string; onOpen: () => void }) {
  return (
    <button type="button" class="opener" onClick={onOpen} aria-haspopup="dialog">
      <Foreign of={of} max={20} />
    </button>
  );
}
