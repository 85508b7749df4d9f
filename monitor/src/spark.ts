export interface Line {
  /** How it is drawn: filled, as a line, as a dashed line. */
  readonly kind: 'area' | 'line' | 'dashed';
  /** Oldest first. */
  readonly values: readonly number[];
}

/** An SVG polyline's points. The newest value is at the right edge; where there are fewer than `places`, the left is empty. */
export function points(values: readonly number[], places: number, top: number, width: number, height: number): string {
  const step = width / Math.max(places - 1, 1);
  // Half the line's width is kept free above and below.
  const y = (value: number) => height - 1 - (value / top) * (height - 2);
  return values.map((value, at) => `${short(width - (values.length - 1 - at) * step)},${short(y(value))}`).join(' ');
}

export function extremes(values: readonly number[]): { lowest: number; highest: number; latest: number } {
  if (values.length === 0) return { lowest: 0, highest: 0, latest: 0 };
  return { lowest: Math.min(...values), highest: Math.max(...values), latest: values.at(-1) as number };
}

function short(number: number): number {
  return Math.round(number * 100) / 100;
}
