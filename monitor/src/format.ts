// Numbers and times in words. All times are milliseconds since 1970 by the hub's clock.

const NUMBER = new Intl.NumberFormat('en');
const NONE = '–';

export function count(number: number | null | undefined): string {
  return number == null || !Number.isFinite(number) ? NONE : NUMBER.format(number);
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** A rate in a second: `0`, `0.2`, `12.5`, `1,204`. */
export function rate(perSecond: number): string {
  if (!Number.isFinite(perSecond)) return NONE;
  return perSecond >= 100 ? count(Math.round(perSecond)) : String(Math.round(perSecond * 10) / 10);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(number: number | null | undefined): string {
  if (number == null || !Number.isFinite(number)) return NONE;
  let [value, unit] = [number, 0];
  // 1023.96 KiB would be written as 1024.0 KiB: the next unit says it better.
  while (Math.round(value * 10) / 10 >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `850 ms`, `12 s`, `3 min 05 s`, `2 h 07 min`, `4 d 03 h`. */
export function duration(ms: number | null | undefined): string {
  if (ms == null || !Number.isFinite(ms) || ms < 0) return NONE;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${two(Math.floor((seconds % 3_600) / 60))} min`;
  return `${Math.floor(seconds / 86_400)} d ${two(Math.floor((seconds % 86_400) / 3_600))} h`;
}

/** `now`, `12 s ago`, `in 3 min`: the greatest unit alone. */
export function relative(at: number | null | undefined, now: number): string {
  if (at == null || !Number.isFinite(at)) return NONE;
  const age = now - at;
  if (Math.abs(age) < 1_000) return 'now';
  const words = duration(Math.abs(age)).split(' ').slice(0, 2).join(' ');
  return age > 0 ? `${words} ago` : `in ${words}`;
}

/** The time of day where the reader is, and the day where it isn't today. */
export function clock(at: number | null | undefined, now: number): string {
  if (at == null || !Number.isFinite(at)) return NONE;
  const moment = new Date(at);
  return moment.toDateString() === new Date(now).toDateString() ? time(moment) : `${day(moment)} ${time(moment)}`;
}

/** To the millisecond, for a tooltip. */
export function exact(at: number): string {
  const moment = new Date(at);
  return `${day(moment)} ${time(moment)}.${String(moment.getMilliseconds()).padStart(3, '0')}`;
}

function day(moment: Date): string {
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

function time(moment: Date): string {
  return `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
