/** Tells whether the channel or pattern `selector` has a channel (docs/protocol.md, "Names"). */
export function matcher(selector: string): (name: string) => boolean {
  if (!selector.includes('*')) return (name) => name === selector;
  // At the end a star is any rest; elsewhere one whole, non-empty segment.
  const text = selector
    .replace(/[\\^$.|?+()[{]/g, '\\$&')
    .replace(/\*(?!$)/g, '[^:/.]+')
    .replace('*', '.*');
  const expression = new RegExp(`^${text}$`, 's');
  // No pattern stands for the hub's own channels.
  return (name) => !name.startsWith('$hub/') && expression.test(name);
}

export const matches = (selector: string, name: string): boolean => matcher(selector)(name);

/** Whether a gap of `lost` may concern who reads `selector`; either may be a pattern. */
export function concerns(lost: string, selector: string): boolean {
  return matches(selector, lost) || matches(lost, selector) || overlap(lost, selector);
}

/** `all` is another spelling of `*`. */
export const canonical = (selector: string): string => (selector === 'all' ? '*' : selector);

/** Two patterns: told too often is harmless, too seldom is not, so what stands before their first stars decides. */
function overlap(one: string, other: string): boolean {
  const [a = '', ...more] = one.split('*');
  const [b = '', ...others] = other.split('*');
  return more.length > 0 && others.length > 0 && (a.startsWith(b) || b.startsWith(a));
}
