import { shown } from '../text.js';

/** What a narrow column may cut. */
const NARROW = 12;

/** A string that a user chose: only ever text, isolated from the words around it, cut where it is long. */
export function Foreign({ of, max, class: kind }: { of: unknown; max?: number; class?: string }) {
  if (of === null || of === undefined || of === '') return <span class="none">–</span>;
  const { text, title } = shown(of, max);
  return (
    <bdi class={kind} title={title ?? (text.length > NARROW ? text : undefined)}>
      {text}
    </bdi>
  );
}
