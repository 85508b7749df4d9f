import { reason } from '../words.js';

export function ReasonTag({ of }: { of: string }) {
  const { words, tone } = reason(of);
  return (
    <span class="tag reason" data-tone={tone} title={words}>
      {of}
    </span>
  );
}
