import type { Platform } from './platform.js';

const KEY = 'tidings:client';

/** Of this page: two of them are two clients, each with its own place in the storage, in the order of their making. */
let clients = 0;

/**
 * The client's name towards the hub. A tab keeps it over a reload, so that the new connection takes the old one's place
 * (`superseded`) even where its end was swallowed. A duplicated tab comes with a copy of the storage: whoever holds the
 * Web Lock on the id has it, the other gets one of its own. Without locks nothing tells a copy from the original, so
 * nothing is kept.
 */
export class Identity {
  #platform: Partial<Pick<Platform, 'storage' | 'locks'>>;
  #id: string;
  #slot = '';
  #unlock: (() => void) | null = null;

  /** One that is `given` is neither kept nor locked. */
  constructor(platform: Pick<Platform, 'storage' | 'locks'>, given = '') {
    this.#platform = given ? {} : platform;
    this.#id = given;
  }

  async get(): Promise<string> {
    const { storage, locks } = this.#platform;
    if (storage && locks && !this.#unlock) {
      this.#slot ||= `${KEY}:${clients++}`;
      this.#id ||= attempt(() => storage.getItem(this.#slot)) ?? '';
      if (!this.#id || !(await this.#lock(locks))) {
        this.#id = made();
        await this.#lock(locks);
      }
      attempt(() => storage.setItem(this.#slot, this.#id));
    }
    this.#id ||= made();
    return this.#id;
  }

  /** Lets go of the lock: a page in the back-forward cache that holds one is thrown out of it. */
  release(): void {
    this.#unlock?.();
    this.#unlock = null;
  }

  #lock(locks: NonNullable<Platform['locks']>): Promise<boolean> {
    return new Promise((resolve) => {
      const hold = (lock: Lock | null) => {
        resolve(lock !== null);
        return (
          lock &&
          new Promise<void>((unlock) => {
            this.#unlock = unlock;
          })
        );
      };
      // Refused in a sandbox without an origin: then no other tab shares the storage either.
      locks.request(`${KEY}:${this.#id}`, { ifAvailable: true }, hold).catch(() => resolve(true));
    });
  }
}

/** 128 bits that nobody guesses; `randomUUID` is there in secure contexts alone. */
export const made = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-');

/** Storage that is full or forbidden keeps nothing: then a reload is a new client, and the beacon ends the old one. */
export function attempt<T>(call: () => T): T | null {
  try {
    return call();
  } catch {
    return null;
  }
}
