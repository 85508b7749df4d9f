// Numbers and times in words.

export function count(number) {
  return Number(number ?? 0).toLocaleString('en');
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** A moment as the hub writes it (RFC 3339, or milliseconds since 1970), in milliseconds; NaN where there is none. */
export function moment(value) {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? Date.parse(value) : NaN;
}

/** The time of day, and the day where it isn't today. */
export function clock(ms) {
  if (!Number.isFinite(ms)) return '–';
  const time = new Date(ms);
  const day = time.toDateString() === new Date().toDateString() ? '' : `${time.toLocaleDateString('sv')} `;
  return `${day}${time.toLocaleTimeString('sv')}`;
}
