// Who a tab is: the same after a reload, another in a copy.

import { describe, expect, test, vi } from 'vitest';
import type { Identity } from '../src/identity.js';
import { createClient } from '../src/index.js';
import { settled, World } from './harness/world.js';

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

  /** A page that was just loaded: it counts its clients from the first. */
  async load(storage: Map<string, string>): Promise<Identity> {
    vi.resetModules();
    return this.tab(storage);
  }

  async tab(storage: Map<string, string>, given?: string): Promise<Identity> {
    const { Identity } = await import('../src/identity.js');
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
    const before = await browser.load(storage);
    const id = await before.get();
    expect(id).toMatch(/^\d+(-\d+){3}$/);
    before.release();
    await Promise.resolve();
    expect(await before.get()).toBe(id);
    before.release();
    await Promise.resolve();
    const after = await browser.load(storage);
    expect(await after.get()).toBe(id);
    after.release();
  });

  test('that was duplicated is another, also after its own reload', async () => {
    const browser = new Browser();
    const storage = new Map<string, string>();
    const original = await browser.load(storage);
    const id = await original.get();
    original.release();
    await Promise.resolve();
    const copied = new Map(storage);
    expect(await original.get()).toBe(id);
    original.release();
    await Promise.resolve();
    const again = await browser.load(storage);
    expect(await again.get()).toBe(id);
    const copy = await browser.load(new Map(copied));
    const copyId = await copy.get();
    expect(copyId).not.toBe(id);
    again.release();
    copy.release();
  });

  test('has two ids for two clients in one page', async () => {
    const browser = new Browser();
    const storage = new Map<string, string>();
    const [one, other] = [await browser.load(storage), await browser.tab(storage)];
    expect(await one.get()).not.toBe(await other.get());
    one.release();
    other.release();
  });

  test('keeps nothing where nothing tells a copy from the original', async () => {
    const storage = new Map<string, string>();
    const kept = { getItem: () => 'somebody', setItem: (key: string, value: string) => void storage.set(key, value) };
    const { Identity } = await import('../src/identity.js');
    const identity = new Identity({ storage: kept, locks: undefined });
    expect(await identity.get()).not.toBe('somebody');
    expect(await identity.get()).toBe(await identity.get());
    expect(storage.size).toBe(0);
  });

  test('that is left and come back to while its token is fetched asks for its lock once', async () => {
    const world = new World();
    const names: string[] = [];
    // As a browser's: not in the same turn.
    const request = async (name: string, _: LockOptions, call: (lock: Lock | null) => unknown) => {
      names.push(name);
      await new Promise(setImmediate);
      return call({ name, mode: 'exclusive' });
    };
    let give = (_: string) => {};
    const token = new Promise<string>((resolve) => {
      give = resolve;
    });
    const client = createClient({
      url: 'http://hub',
      token: () => token,
      platform: {
        ...world.platform,
        storage: { getItem: () => null, setItem: () => {} },
        locks: { request } as unknown as LockManager,
      },
    });
    client.subscribe('jobs', () => {});
    await settled();
    world.page?.suspend();
    world.page?.resume();
    give('mine');
    await settled();
    expect([names.length, world.streams().length]).toEqual([1, 1]);
    client.close();
  });

  test('whose given id is empty has one of its own, each time', async () => {
    const none = await new Browser().tab(new Map(), '');
    const id = await none.get();
    expect([id === '', await none.get()]).toEqual([false, id]);
    none.release();
  });

  test('has the id that it was given', async () => {
    const given = await new Browser().tab(new Map(), 'kiosk-7');
    expect(await given.get()).toBe('kiosk-7');
  });
});
