import type { Platform } from './platform.js';

const KEY = 'tidings:client';

/** Ids that this page's own clients hold: two of them in one page are two clients. */
const held = new Set<string>();

/**
 * The client's name towards the hub. A tab keeps it over a reload, so that the new connection takes the old one's place
 * (`superseded`) even where its end was swallowed. A duplicated tab comes with a copy of the storage: whoever holds the
 * Web Lock on the id has it, the other gets one of its own. Without locks nothing tells a copy from the original, so
 * nothing is kept.
 */
export class Identity {
  #platform: Pick<Platform, 'storage' | 'locks'>;
  #id: string | null;
  #slot: string | null = null;
  #given: boolean;
  #unlock: (() => void) | null = null;

  constructor(platform: Pick<Platform, 'storage' | 'locks'>, given?: string) {
    this.#platform = platform;
    this.#id = given ?? null;
    this.#given = given !== undefined;
  }

  async get(): Promise<string> {
    if (this.#id !== null && (this.#given || this.#unlock)) return this.#id;
    const { storage, locks } = this.#platform;
    if (!storage || !locks) {
      this.#id ??= made();
      return this.#id;
    }
    if (this.#slot === null) {
      let at = 0;
      while (held.has(`${KEY}:${at}`)) at += 1;
      this.#slot = `${KEY}:${at}`;
      held.add(this.#slot);
    }
    const slot = this.#slot;
    this.#id ??= attempt(() => storage.getItem(slot)) ?? made();
    if (!(await this.#lock(locks))) {
      this.#id = made();
      await this.#lock(locks);
    }
    const id = this.#id;
    attempt(() => storage.setItem(slot, id));
    return id;
  }

  /** Lets go of the lock: a page in the back-forward cache that holds one is thrown out of it. */
  release(): void {
    this.#unlock?.();
    this.#unlock = null;
  }

  /** For good: another client of this page may have the place. */
  end(): void {
    this.release();
    if (this.#slot !== null) held.delete(this.#slot);
    this.#slot = null;
  }

  #lock(locks: NonNullable<Platform['locks']>): Promise<boolean> {
    return new Promise((resolve) => {
      const hold = (lock: Lock | null) => {
        if (!lock) return resolve(false);
        const released = new Promise<void>((unlock) => {
          this.#unlock = unlock;
        });
        resolve(true);
        return released;
      };
      // Refused in a sandbox without an origin: then no other tab shares the storage either.
      locks.request(`${KEY}:${this.#id}`, { ifAvailable: true }, hold).catch(() => resolve(true));
    });
  }
}

/** 128 bits that nobody guesses; `randomUUID` is there in secure contexts alone. */
function made(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Storage that is full or forbidden keeps nothing: then a reload is a new client, and the beacon ends the old one. */
function attempt<T>(call: () => T): T | null {
  try {
    return call();
  } catch {
    return null;
  }
}
