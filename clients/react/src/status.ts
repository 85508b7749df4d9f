import { IDLE, type Snapshot } from '@tidings/client';
import { useMemo, useSyncExternalStore } from 'react';
import { useTidings } from './provider.js';

/** What a status light shows. The component renders again at each change of it. */
export function useConnectionStatus(): Snapshot;
/**
 * A part of it: `useConnectionStatus(({ status }) => status)`. The component renders again only when that part is
 * another one by `Object.is`; so select values, not objects made anew.
 */
export function useConnectionStatus<Part>(select: (snapshot: Snapshot) => Part): Part;
export function useConnectionStatus(select = whole): unknown {
  const { status } = useTidings();
  const read = useMemo(() => {
    // React asks more than once, and takes an object made anew for a change.
    let of: Snapshot | undefined;
    let part: unknown;
    return (snapshot: Snapshot) => {
      if (snapshot !== of) part = select(snapshot);
      of = snapshot;
      return part;
    };
  }, [select]);
  return useSyncExternalStore(
    status.subscribe,
    () => read(status.getSnapshot()),
    () => read(IDLE),
  );
}

const whole = (snapshot: Snapshot): unknown => snapshot;
