export interface Arranged {
  /** The order to show. */
  readonly shown: readonly string[];
  /** Rows that came, went or moved since, and wait. */
  readonly waiting: number;
}

/** While `held`, what is shown stays where it is: nobody's click or sentence goes to a row that jumped there. */
export function arranged(shown: readonly string[], incoming: readonly string[], held: boolean): Arranged {
  if (!held || shown.length === 0) return { shown: incoming, waiting: 0 };
  return { shown, waiting: changes(shown, incoming) };
}

/** How many rows came, went or must move to get from one order to the other. */
export function changes(from: readonly string[], to: readonly string[]): number {
  const places = new Map(to.map((key, place) => [key, place]));
  const kept = from.map((key) => places.get(key)).filter((place) => place !== undefined);
  const gone = from.length - kept.length;
  const come = to.length - kept.length;
  return gone + come + (kept.length - longestRise(kept));
}

/** The length of the longest rising subsequence: the most rows that can stay while the others move around them. */
function longestRise(places: readonly number[]): number {
  // ends[n]: the lowest place in which a rise of n + 1 rows ends.
  const ends: number[] = [];
  for (const place of places) {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] as number) < place) low = middle + 1;
      else high = middle;
    }
    ends[low] = place;
  }
  return ends.length;
}
