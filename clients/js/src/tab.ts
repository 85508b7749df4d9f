import { type Connection, type Link, type LinkHooks, wants } from './connection.js';
import { attempt, made } from './identity.js';
import { type Leader, lead, type Said, type State } from './leader.js';
import type { Settings } from './options.js';
import { order } from './place.js';
import type { Platform } from './platform.js';
import { IDLE, type Snapshot, type Status, statuses } from './status.js';

export interface Group {
  /** Of the lock and the channel. */
  readonly name: string;
  readonly watchdogMs: number;
  readonly locks: NonNullable<Platform['locks']>;
  readonly broadcast: NonNullable<Platform['broadcast']>;
  readonly settings: Settings;
  readonly hooks: LinkHooks;
  readonly open: (settings: Settings, hooks: LinkHooks) => Connection;
}

/**
 * One tab of a group that shares a stream, as long as anybody in it listens. It waits for the group's lock, and leads
 * when it has it; until then it says what it wants, hears what the leader says, and watches whether it does.
 *
 * Each tab keeps its own place, and what it has had it does not take again; so a leader may begin anew from wherever
 * another tab needs it.
 */
export class Tab implements Link {
  readonly #group: Group;
  #off: (() => void) | null = null;
  /** Of this membership, which ends with its signal; null while it is no member. */
  #membership: AbortController | null = null;
  #channel: ReturnType<Group['broadcast']> | null = null;
  /** Another one at each joining: nobody mistakes who came back for who was there. */
  #id = '';
  #leader: Leader | null = null;
  /** Whom to believe: the later leader. */
  #term = 0;
  /** Whose name the group's stream has towards the hub: it outlives each leader. */
  #clientId: string | null = null;
  /** What the leader said last. */
  #state: State | null = null;
  /** The leader's stream has what this tab wants, from its place on. */
  #covered = false;
  #cursor: string | null = null;
  #heardAt = 0;
  #cancelWatch: (() => void) | null = null;
  #rest: Status = 'idle';

  constructor(group: Group) {
    this.#group = group;
  }

  apply(): void {
    const { settings, hooks } = this.#group;
    if (this.#rest !== 'idle') return;
    if (!wants(settings, hooks)) {
      this.#leave();
      this.#cursor = null;
      // A client that nobody needs leaves nothing in its page.
      this.#off?.();
      this.#off = null;
      return;
    }
    this.#off ??= settings.platform.lifecycle({
      suspend: () => this.#membership && this.#pause('suspended'),
      resume: () => this.#resume(),
      nudge: () => {
        if (this.#leader) this.#leader.nudge();
        else if (this.#membership) this.#ask('nudge');
      },
    });
    if (!this.#membership) this.#join();
    else if (this.#leader) this.#leader.apply();
    else this.#want();
  }

  reconnect(): void {
    if (this.#leader) this.#leader.reconnect();
    else if (this.#membership) this.#ask('reconnect');
  }

  close(): void {
    this.#off?.();
    this.#pause('closed');
  }

  snapshot(): Snapshot {
    if (!this.#membership) return { ...IDLE, status: this.#rest };
    const waits: Snapshot = { ...IDLE, status: this.#cursor === null ? 'connecting' : 'reconnecting' };
    const { channels, ...rest } = this.#state?.snapshot ?? waits;
    const { settings, hooks } = this.#group;
    const states = new Map(Object.entries(channels));
    const names = settings.channels === 'granted' ? states.keys() : hooks.desired();
    const own = statuses(names, (name) => (this.#covered && states.get(name)) || 'pending');
    return { ...rest, role: this.#leader ? 'leader' : 'follower', channels: own };
  }

  #pause(status: Status): void {
    this.#rest = status;
    this.#leave();
    this.#group.hooks.changed();
  }

  #resume(): void {
    if (this.#rest !== 'suspended') return;
    this.#rest = 'idle';
    this.apply();
    this.#group.hooks.changed();
  }

  #join(): void {
    const { name, locks, broadcast, settings } = this.#group;
    const membership = new AbortController();
    const { signal } = membership;
    this.#membership = membership;
    this.#id = made();
    this.#term = 0;
    this.#state = null;
    // A lock of its own, held before a word is said: by it the leader learns that this tab is gone, however it went.
    const living = () => {
      if (signal.aborted) return;
      this.#channel = broadcast(name);
      this.#channel.onmessage = ({ data }) => this.#hear(data);
      this.#seek({ ifAvailable: true });
      this.#want();
      this.#heardAt = settings.platform.now();
      this.#listen();
      return held(signal);
    };
    // Refused in a sandbox without an origin: then no other tab can hear this one either.
    locks.request(`${name} ${this.#id}`, { signal }, living).catch(() => signal.aborted || this.#lead([]));
  }

  /** Ends the membership. `silently`: somebody else has the stream by now. */
  #leave(silently = false): void {
    const [membership, leader] = [this.#membership, this.#leader];
    this.#membership = this.#leader = null;
    this.#covered = false;
    this.#cancelWatch?.();
    // Now, not later: a page with a lock or an open channel is thrown out of the back-forward cache.
    membership?.abort();
    this.#channel?.close();
    this.#channel = null;
    leader?.end(silently);
  }

  /** Deposed: from the end of the queue it goes on where it is. */
  #rejoin(): void {
    this.#leave(true);
    this.#join();
    this.#group.hooks.changed();
  }

  #seek(options: LockOptions): void {
    const signal = this.#membership?.signal;
    if (!signal) return;
    const granted = (lock: Lock | null) => {
      if (signal.aborted || this.#leader) return;
      if (!lock) return this.#seek({ signal });
      // Granted at once: nobody was here, and nobody needs to be waited for.
      this.#lead(options.ifAvailable ? [] : this.#state?.tabs.slice(1));
      return held(signal);
    };
    // Whoever stole it leads now.
    this.#group.locks.request(this.#group.name, options, granted).catch(() => signal.aborted || this.#rejoin());
  }

  /** With the tabs that should answer, where they are known. */
  #lead(expected: readonly string[] | undefined): void {
    const { name, locks, settings, hooks, open } = this.#group;
    const signal = this.#membership?.signal;
    if (!signal) return;
    this.#cancelWatch?.();
    this.#leader = lead({
      id: this.#id,
      // Later than any that this tab knows of, and any that it doesn't, as far as the clock tells.
      term: Math.max(this.#term + 1, Date.now()) + Math.random(),
      clientId: settings.clientId ?? this.#clientId ?? kept(settings.platform.storage, name),
      cursor: () => this.#cursor,
      expected: expected?.filter((id) => id !== this.#id),
      settings,
      open,
      desired: hooks.desired,
      say: (said) => {
        if (signal.aborted) return;
        this.#channel?.postMessage(said);
        this.#hear(said);
      },
      gone: (id, call) => void locks.request(`${name} ${id}`, { signal }, call).catch(() => {}),
      superseded: () => this.#rejoin(),
    });
    this.#leader.start();
  }

  #want(): void {
    const channels = [...this.#group.hooks.desired()];
    this.#channel?.postMessage({ kind: 'want', id: this.#id, channels, cursor: this.#cursor } satisfies Said);
  }

  #hear(said: Said | null): void {
    switch (said?.kind) {
      case 'want':
        return this.#leader?.wanted(said);
      case 'nudge':
      case 'reconnect':
        return this.#leader?.[said.kind]();
      case 'state':
      case 'event':
      case 'gap':
        // Not of a former leader.
        if (!(said.term >= this.#term)) return;
        if (this.#leader && said.term > this.#leader.term) return this.#rejoin();
        this.#heardAt = this.#group.settings.platform.now();
        if (said.kind === 'state') return this.#follow(said);
        if (this.#covered) this.#take(said);
        return;
      default:
      // In words that this version doesn't know.
    }
  }

  #take(said: Extract<Said, { kind: 'event' | 'gap' }>): void {
    const { hooks } = this.#group;
    const news = this.#advance(said.cursor);
    if (said.kind === 'gap') hooks.gap(said.gap);
    // What the hub tells of itself has no cursor, so none of it lies behind.
    else if (news) hooks.event(said.event);
  }

  #follow(state: State): void {
    const { settings, hooks, name } = this.#group;
    const another = state.term > this.#term;
    const was = this.#covered && !another;
    this.#term = state.term;
    this.#covered = state.tabs.includes(this.#id);
    if (state.clientId !== this.#clientId) attempt(() => settings.platform.storage?.setItem(name, state.clientId));
    this.#clientId = state.clientId;
    this.#state = { ...state, snapshot: state.snapshot ?? this.#state?.snapshot ?? null };
    if (!this.#covered && another) this.#want();
    if (this.#covered) {
      // From another life of the log nothing can be made up for.
      const lost =
        !was && this.#cursor !== null && state.cursor !== null && order(this.#cursor, state.cursor) === undefined;
      this.#advance(state.cursor);
      if (lost) hooks.gap({ channel: '*', reason: 'epoch' });
    }
    hooks.changed();
  }

  /** False: this place lies behind the tab. */
  #advance(cursor: string | null): boolean {
    const ahead = cursor === null || this.#cursor === null || (order(cursor, this.#cursor) ?? 1) > 0;
    if (ahead) this.#cursor = cursor ?? this.#cursor;
    return ahead;
  }

  /** Asks the leader, and takes its place if it doesn't answer. */
  #ask(kind?: 'nudge' | 'reconnect'): void {
    const { settings, watchdogMs } = this.#group;
    const asked = settings.platform.now();
    if (kind) this.#channel?.postMessage({ kind } as Said);
    this.#want();
    this.#after(watchdogMs / 2, () => (this.#heardAt < asked ? this.#seek({ steal: true }) : this.#listen()));
  }

  /** A leader is not asked for as long as it is heard. */
  #listen(): void {
    const { settings, watchdogMs } = this.#group;
    const left = () => this.#heardAt + watchdogMs / 2 - settings.platform.now();
    this.#after(left(), () => (left() > 0 ? this.#listen() : this.#ask()));
  }

  #after(ms: number, call: () => void): void {
    this.#cancelWatch?.();
    this.#cancelWatch = this.#leader ? null : this.#group.settings.platform.timer(call, ms);
  }
}

/** Holds a lock until the signal. */
const held = (signal: AbortSignal) =>
  signal.aborted ? undefined : new Promise<void>((end) => signal.addEventListener('abort', () => end()));

/** The group's id is each tab's, too: the last one that is left keeps it over a reload. */
const kept = (storage: Platform['storage'], name: string): string => attempt(() => storage?.getItem(name)) || made();
