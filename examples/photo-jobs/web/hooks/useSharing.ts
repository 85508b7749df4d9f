import { useSyncExternalStore } from 'react';

const NAME = 'share-stream';

/** Whether this browser's tabs share one stream. A tab that changes it changes it for all of them. */
export function useSharing(): readonly [boolean, (sharing: boolean) => void] {
  return [useSyncExternalStore(subscribe, read), write];
}

const read = () => localStorage.getItem(NAME) === 'yes';

function write(sharing: boolean): void {
  localStorage.setItem(NAME, sharing ? 'yes' : 'no');
  // The browser tells the other tabs, and not the one that did it.
  dispatchEvent(new StorageEvent('storage', { key: NAME }));
}

function subscribe(changed: () => void): () => void {
  addEventListener('storage', changed);
  return () => removeEventListener('storage', changed);
}
