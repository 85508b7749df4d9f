// One browser: its tabs, each of which may hang, crash, be left and come back; their locks, their channels and their
// time, which passes when a test says so. What a tab is told waits for it as long as it hangs.

import type { PageListener, Platform } from '../../src/index.js';
import { settled } from './world.js';

type Task = () => void;

interface Timer {
  readonly at: number;
  readonly tab: SimTab;
  readonly call: Task;
}

interface Holder {
  readonly tab: SimTab;
  readonly end: (stolen: boolean) => void;
}

interface Waiting {
  readonly tab: SimTab;
  readonly grant: Task;
}

export class SimBrowser {
  now = 0;
  readonly tabs: SimTab[] = [];
  readonly timers = new Set<Timer>();
  readonly channels = new Set<SimChannel>();
  readonly locks = new Map<string, { holder: Holder | null; waiting: Waiting[] }>();
  /** Tasks that were run: as long as they grow, something goes on. */
  ran = 0;
  readonly #hub: Pick<Platform, 'fetch' | 'beacon'>;

  constructor(hub: Pick<Platform, 'fetch' | 'beacon'>) {
    this.#hub = hub;
  }

  tab(storage = new Map<string, string>()): SimTab {
    const made = new SimTab(this, this.#hub, storage);
    this.tabs.push(made);
    return made;
  }

  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    await this.#quiet();
    for (;;) {
      const due = [...this.timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers.delete(due);
      this.now = Math.max(this.now, due.at);
      due.tab.run(due.call);
      await this.#quiet();
    }
    this.now = until;
  }

  async #quiet(): Promise<void> {
    for (let before = -1; before !== this.ran; ) {
      before = this.ran;
      await settled();
    }
  }

  request(tab: SimTab, name: string, options: LockOptions, call: (lock: Lock | null) => unknown): Promise<unknown> {
    const entry = this.locks.get(name) ?? { holder: null, waiting: [] };
    this.locks.set(name, entry);
    return new Promise((resolve, reject) => {
      const lock: Lock = { name, mode: 'exclusive' };
      const abort = () => reject(new DOMException('aborted', 'AbortError'));
      const grant = () => {
        const holder: Holder = { tab, end: (stolen) => stolen && tab.run(abort) };
        entry.holder = holder;
        tab.run(async () => {
          const kept = await call(lock);
          if (entry.holder === holder) this.#next(name);
          resolve(kept);
        });
      };
      if (options.steal) {
        entry.holder?.end(true);
        return grant();
      }
      if (!entry.holder && entry.waiting.length === 0) return grant();
      if (options.ifAvailable) return tab.run(() => resolve(call(null)));
      const waiting = { tab, grant };
      entry.waiting.push(waiting);
      options.signal?.addEventListener('abort', () => {
        if (!entry.waiting.includes(waiting)) return;
        entry.waiting.splice(entry.waiting.indexOf(waiting), 1);
        this.#tidy(name);
        abort();
      });
    });
  }

  /** All that a tab had, without a word from it. */
  gone(tab: SimTab): void {
    for (const timer of this.timers) if (timer.tab === tab) this.timers.delete(timer);
    for (const channel of this.channels) if (channel.tab === tab) channel.close();
    for (const [name, entry] of [...this.locks]) {
      entry.waiting = entry.waiting.filter((one) => one.tab !== tab);
      if (entry.holder?.tab === tab) this.#next(name);
      else this.#tidy(name);
    }
  }

  #next(name: string): void {
    const entry = this.locks.get(name);
    if (!entry) return;
    entry.holder = null;
    entry.waiting.shift()?.grant();
    this.#tidy(name);
  }

  #tidy(name: string): void {
    const entry = this.locks.get(name);
    if (entry && !entry.holder && entry.waiting.length === 0) this.locks.delete(name);
  }
}

class SimChannel {
  onmessage: ((event: MessageEvent) => void) | null = null;
  readonly tab: SimTab;
  readonly #name: string;
  readonly #browser: SimBrowser;

  constructor(browser: SimBrowser, tab: SimTab, name: string) {
    this.#browser = browser;
    this.tab = tab;
    this.#name = name;
    browser.channels.add(this);
  }

  postMessage(message: unknown): void {
    for (const other of this.#browser.channels) {
      if (other === this || other.#name !== this.#name) continue;
      const data = structuredClone(message);
      other.tab.run(
        () => this.#browser.channels.has(other) && other.onmessage?.(new MessageEvent('message', { data })),
      );
    }
  }

  close(): void {
    this.#browser.channels.delete(this);
  }
}

export class SimTab {
  page: PageListener | null = null;
  readonly platform: Partial<Platform>;
  readonly reported: unknown[] = [];
  #browser: SimBrowser;
  #hung = false;
  #dead = false;
  #waiting: Task[] = [];
  #streams = new Set<AbortController>();

  constructor(browser: SimBrowser, hub: Pick<Platform, 'fetch' | 'beacon'>, storage: Map<string, string>) {
    this.#browser = browser;
    this.platform = {
      fetch: ((url: string, init?: RequestInit) => this.#fetch(hub.fetch as typeof fetch, url, init)) as typeof fetch,
      now: () => browser.now,
      timer: (call, ms) => {
        const timer = { at: browser.now + ms, tab: this, call };
        browser.timers.add(timer);
        return () => browser.timers.delete(timer);
      },
      beacon: hub.beacon,
      lifecycle: (page) => {
        this.page = page;
        return () => {
          this.page = null;
        };
      },
      storage: { getItem: (key) => storage.get(key) ?? null, setItem: (key, value) => void storage.set(key, value) },
      locks: {
        request: (name: string, options: LockOptions, call: (lock: Lock | null) => unknown) =>
          browser.request(this, name, options, call),
      } as unknown as LockManager,
      broadcast: (name) => new SimChannel(browser, this, name) as unknown as BroadcastChannel,
      report: (error) => this.reported.push(error),
    };
  }

  get alive(): boolean {
    return !this.#dead;
  }

  get hung(): boolean {
    return this.#hung;
  }

  run(task: Task): void {
    if (this.#dead) return;
    this.#browser.ran += 1;
    if (this.#hung) this.#waiting.push(task);
    else setImmediate(() => (this.#hung ? this.run(task) : this.#dead || task()));
  }

  /** Stands still without having been told. */
  hang(): void {
    this.#hung = true;
  }

  thaw(): void {
    this.#hung = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const task of waiting) this.run(task);
  }

  crash(): void {
    this.#dead = true;
    this.#waiting = [];
    for (const stream of this.#streams) stream.abort();
    this.#browser.gone(this);
  }

  /** What comes in waits with all else; what goes out doesn't. */
  async #fetch(ask: typeof fetch, url: string, init: RequestInit = {}): Promise<Response> {
    const stream = new AbortController();
    this.#streams.add(stream);
    init.signal?.addEventListener('abort', () => stream.abort());
    const turn = () => new Promise<void>((resolve) => this.run(resolve));
    const answer = await ask(url, { ...init, signal: stream.signal }).finally(turn);
    if (!answer.body) return answer;
    const reader = answer.body.getReader();
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { done, value } = await reader.read().finally(turn);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => reader.cancel(),
    });
    return new Response(body, { status: answer.status, headers: answer.headers });
  }
}
