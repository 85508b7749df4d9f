// Who a tab is: the same after a reload, another in a copy.

import { describe, expect, test } from 'vitest';
import { Identity } from '../src/identity.js';

/** One browser: its locks. A tab's storage is given, as a duplicate has a copy of it. */
class Browser {
  #held = new Set<string>();

  locks = {
    request: async (name: string, _: LockOptions, call: (lock: Lock | null) => unknown) => {
      if (this.#held.has(name)) return call(null);
      this.#held.add(name);
      await call({ name, mode: 'exclusive' });
      this.#held.delete(name);
    },
  } as unknown as LockManager;

  tab(storage: Map<string, string>, given?: string): Identity {
    const kept = {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => void storage.set(key, value),
    };
    return new Identity({ storage: kept, locks: this.locks }, given);
  }
}

describe('a tab', () => {
  test('is the same after a reload, and after the back-forward cache', async () => {
    const browser = new Browser();
    const storage = new Map<string, string>();
    const before = browser.tab(storage);
    const id = await before.get();
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    before.release();
    await Promise.resolve();
    expect(await before.get()).toBe(id);
    before.end();
    await Promise.resolve();
    const after = browser.tab(storage);
    expect(await after.get()).toBe(id);
    after.end();
  });

  test('that was duplicated is another, also after its own reload', async () => {
    const browser = new Browser();
    const storage = new Map<string, string>();
    const original = browser.tab(storage);
    const id = await original.get();
    original.release();
    await Promise.resolve();
    const copied = new Map(storage);
    expect(await original.get()).toBe(id);
    // A page of its own: it counts its clients anew.
    original.end();
    await Promise.resolve();
    const again = browser.tab(storage);
    expect(await again.get()).toBe(id);
    const copy = browser.tab(new Map([...copied].map(([key, value]) => [key.replace(':0', ':1'), value])));
    const copyId = await copy.get();
    expect(copyId).not.toBe(id);
    again.end();
    copy.end();
  });

  test('has two ids for two clients in one page', async () => {
    const browser = new Browser();
    const storage = new Map<string, string>();
    const [one, other] = [browser.tab(storage), browser.tab(storage)];
    expect(await one.get()).not.toBe(await other.get());
    one.end();
    other.end();
  });

  test('keeps nothing where nothing tells a copy from the original', async () => {
    const storage = new Map<string, string>();
    const kept = { getItem: () => 'somebody', setItem: (key: string, value: string) => void storage.set(key, value) };
    const identity = new Identity({ storage: kept, locks: undefined });
    expect(await identity.get()).not.toBe('somebody');
    expect(await identity.get()).toBe(await identity.get());
    expect(storage.size).toBe(0);
  });

  test('has the id that it was given', async () => {
    expect(await new Browser().tab(new Map(), 'kiosk-7').get()).toBe('kiosk-7');
  });
});
