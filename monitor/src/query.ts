/** The longest name of a channel that the hub takes. */
const CHANNEL_BYTES_MAX = 255;

/** Whether the hub takes a channel of this name. A stream that began with another would be refused as a whole. */
export function isChannel(name: string): boolean {
  return !name.startsWith('$hub/') && new TextEncoder().encode(name).length <= CHANNEL_BYTES_MAX;
}

export type Members = Readonly<Record<string, string | number | undefined>>;

/** `path?…` with the members that are not empty, in their order. */
export function address(path: string, members: Members): string {
  const query = encode(members);
  return query ? `${path}?${query}` : path;
}

/**
 * The channel on which the hub tells of one page of the live connections, or null where its name would be too long: such
 * a page is asked for instead.
 */
export function connectionsChannel(members: Members): string | null {
  const name = address('$hub/connections', members);
  return name.length <= CHANNEL_BYTES_MAX ? name : null;
}

/** All of it ASCII, without what means something in a list of channels (`,`) or in a pattern (`*`). */
function encode(members: Members): string {
  return Object.entries(members)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${escaped(String(value))}`)
    .join('&');
}

function escaped(value: string): string {
  const whole = value.toWellFormed?.() ?? value;
  return encodeURIComponent(whole).replace(/[*'()!~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
