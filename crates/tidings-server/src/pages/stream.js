// One live stream, held as a page should hold it: it resumes where it was, notices silence, renews its lease, and says
// goodbye when the page is hidden for good, because a proxy in between may never pass the goodbye of the socket on.

import { claimClientId, forgetClientId, releaseClientId } from '/assets/client.js';
import { events } from '/assets/sse.js';

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 10_000;
const STABLE_AFTER_MS = 5_000;
// Hidden tabs may run a timer only once a minute: the lease outlives that.
const LEASE_SECONDS = 150;
const ALIVE_EVERY_MS = 30_000;
const HEARTBEAT_DEFAULT_MS = 15_000;
const SILENCE_HEARTBEATS = 2.5;

/**
 * `params()` gives the query; `onState(state)` is told `{name, …}` with name one of `connecting`, `connected`, `waiting`,
 * `ended`, `paused`; `onEvent({type, id, data})` gets every event, control events included.
 */
export class LiveStream {
  #params;
  #onState;
  #onEvent;
  #abort = null;
  #timer = null;
  #failures = 0;
  #retryMs = 0;
  #lastEventId = '';
  #secret = null;
  #leased = true;
  #lastByteAt = 0;
  #lastAliveAt = 0;
  #heartbeatMs = HEARTBEAT_DEFAULT_MS;
  state = { name: 'paused' };

  constructor({ params, onState, onEvent }) {
    this.#params = params;
    this.#onState = onState;
    this.#onEvent = onEvent;
    // `beforeunload` fires on navigations that never happen, `unload` bars the back-forward cache: `pagehide` is right.
    addEventListener('pagehide', () => this.#pause());
    addEventListener('pageshow', (event) => event.persisted && this.#wake());
    document.addEventListener('freeze', () => this.#pause());
    document.addEventListener('resume', () => this.#wake());
    addEventListener('online', () => this.#hurry());
    document.addEventListener('visibilitychange', () => document.hidden || this.#hurry());
    setInterval(() => this.#watch(), 1_000);
  }

  get lastByteAt() {
    return this.#lastByteAt;
  }

  /** Opens the stream, or opens it anew. */
  open() {
    this.#leave();
    this.#run();
  }

  /** As `open`, from now on instead of from where the stream was: for other channels. */
  restart() {
    this.#lastEventId = '';
    this.#failures = 0;
    this.open();
  }

  async #run() {
    const abort = (this.#abort = new AbortController());
    const over = () => this.#abort !== abort;
    this.#tell({ name: 'connecting', failures: this.#failures });
    let why = { text: 'the stream ended' };
    try {
      const clientId = await claimClientId();
      if (over()) return;
      const query = new URLSearchParams({ ...this.#params(), client_id: clientId });
      if (this.#leased) query.set('lease', LEASE_SECONDS);
      // With `Tidings-Client` a refusal comes as its status; a native EventSource would get it as a stream.
      const headers = { Accept: 'text/event-stream', 'Tidings-Client': 'page' };
      if (this.#lastEventId) headers['Last-Event-ID'] = this.#lastEventId;
      const response = await fetch(`/api/sse/stream?${query}`, { headers, signal: abort.signal, cache: 'no-store' });
      if (response.status === 200) {
        this.#lastByteAt = Date.now();
        for await (const event of events(response.body, () => this.#byte())) {
          if (over()) return;
          this.#take(event);
        }
      } else {
        // `stream.lease_max_seconds` may be set below ours: better a stream without a lease than none.
        if (response.status === 400) this.#leased = false;
        why = await refusal(response);
      }
    } catch (error) {
      const cut = this.state.name === 'connected' ? 'the connection was cut' : 'the hub cannot be reached';
      why = { text: error instanceof TypeError ? cut : String(error?.message ?? error) };
    }
    if (over()) return;
    this.#lost(why);
  }

  #take(event) {
    if (event.retry !== null) this.#retryMs = event.retry;
    if (event.id) this.#lastEventId = event.id;
    const control = CONTROL.has(event.type) ? parsed(event.data) : null;
    if (event.type === 'connected' && control) {
      this.#secret = control.connection_id;
      this.#lastAliveAt = Date.now();
      this.#heartbeatMs = control.heartbeat_ms || HEARTBEAT_DEFAULT_MS;
      this.#tell({ name: 'connected', since: Date.now(), hub: control });
    }
    this.#onEvent(event);
    if (event.type === 'closing' && control) this.#closing(control);
    if (event.type === 'refused' && control) {
      this.#lost({ text: control.detail ?? control.title ?? 'refused', afterMs: this.#retryMs });
    }
  }

  #closing({ reason, reconnect, retry_ms: afterMs }) {
    if (reconnect !== false) return this.#lost({ text: `the hub ended the stream: ${reason}`, afterMs });
    this.#drop();
    forgetClientId();
    this.#tell({ name: 'ended', reason: String(reason) });
  }

  #lost({ text, afterMs = 0 }) {
    if (this.state.name === 'connected' && Date.now() - this.state.since > STABLE_AFTER_MS) this.#failures = 0;
    this.#drop();
    const spread = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failures);
    const waitMs = Math.round(Math.max(afterMs, spread / 2) + (Math.random() * spread) / 2);
    this.#failures += 1;
    this.#tell({ name: 'waiting', text, failures: this.#failures, until: Date.now() + waitMs });
    this.#timer = setTimeout(() => this.#run(), waitMs);
  }

  #hurry() {
    this.#watch();
    if (this.state.name !== 'waiting') return;
    clearTimeout(this.#timer);
    this.#run();
  }

  #byte() {
    this.#lastByteAt = Date.now();
    this.#renew();
  }

  // Driven by the bytes that come as much as by the clock, which browsers slow down in hidden tabs.
  #watch() {
    if (this.state.name !== 'connected') return;
    const silentMs = Date.now() - this.#lastByteAt;
    if (silentMs > this.#heartbeatMs * SILENCE_HEARTBEATS) {
      this.#leave();
      this.#lost({ text: `no sign of life for ${Math.round(silentMs / 1000)} s` });
    } else {
      this.#renew();
    }
  }

  async #renew() {
    if (!this.#leased || !this.#secret || Date.now() - this.#lastAliveAt < ALIVE_EVERY_MS) return;
    this.#lastAliveAt = Date.now();
    const secret = this.#secret;
    const answer = await fetch('/api/sse/alive', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ connection_id: secret }),
    }).catch(() => null);
    if (answer?.status === 404 && this.#secret === secret) this.#lost({ text: 'the hub no longer knows this stream' });
  }

  #pause() {
    if (this.state.name === 'ended') return;
    this.#leave();
    releaseClientId();
    this.#tell({ name: 'paused' });
  }

  #wake() {
    if (this.state.name === 'paused') this.open();
  }

  #leave() {
    if (this.#secret) navigator.sendBeacon('/api/sse/disconnect', this.#secret);
    this.#drop();
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#secret = null;
    const abort = this.#abort;
    this.#abort = null;
    abort?.abort();
  }

  #tell(state) {
    this.state = state;
    this.#onState(state);
  }
}

const CONTROL = new Set(['connected', 'refused', 'closing']);

async function refusal(response) {
  if (response.status === 204) return { text: 'the hub asks this client to stay away', afterMs: BACKOFF_MAX_MS };
  const problem = parsed(await response.text().catch(() => '')) ?? {};
  const afterMs = 1000 * Number(response.headers.get('Retry-After') ?? 0) || 0;
  return { text: `${response.status} ${problem.detail ?? problem.title ?? response.statusText}`, afterMs };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
