/** Whether the channel or pattern `selector` has the channel `name` (docs/protocol.md, "Names"). */
export function matches(selector: string, name: string): boolean {
  if (selector === name) return true;
  return selector.includes('*') && expression(selector).test(name);
}

/** Whether a gap of `lost` may concern who reads `selector`; either may be a pattern. */
export function concerns(lost: string, selector: string): boolean {
  return matches(selector, lost) || matches(lost, selector) || overlap(lost, selector);
}

/** `all` is another spelling of `*`. */
export const canonical = (selector: string): string => (selector === 'all' ? '*' : selector);

const ROOM_FOR_PATTERNS = 1_000;
const compiled = new Map<string, RegExp>();

function expression(selector: string): RegExp {
  const known = compiled.get(selector);
  if (known) return known;
  // At the end a star is any rest; elsewhere one whole, non-empty segment.
  const parts = selector.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}/]/g, '\\$&'));
  const last = parts.pop() ?? '';
  const text = last === '' ? `${parts.join('[^:/.]+')}.*` : `${[...parts, last].join('[^:/.]+')}`;
  if (compiled.size >= ROOM_FOR_PATTERNS) compiled.clear();
  const made = new RegExp(`^${text}$`, 's');
  compiled.set(selector, made);
  return made;
}

/** Two patterns: told too often is harmless, too seldom is not, so what stands before their first stars decides. */
function overlap(one: string, other: string): boolean {
  if (!one.includes('*') || !other.includes('*')) return false;
  const [a = ''] = one.split('*');
  const [b = ''] = other.split('*');
  return a.startsWith(b) || b.startsWith(a);
}
