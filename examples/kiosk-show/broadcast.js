// Tells the hub what each display shows. The channel `display:NAME` holds one event under the key `slide`, the whole
// slide: whoever comes gets the latest at once, and nobody needs those before it.

import { createClient } from '@tidings/client';

const AGAIN_AFTER_MS = 1_000;

export class Broadcast {
  #hub;
  #shows;
  #client = null;
  #waiting = new Set();
  #sending = false;
  #stopped = false;
  #again = null;
  #advance = new Map();

  constructor({ hub, shows }) {
    this.#hub = hub;
    this.#shows = shows;
  }

  /** Publishes everything; and again when the hub has lost it. */
  start() {
    const everything = () => this.changed(...this.#shows.displays());
    this.#client = createClient({ url: this.#hub, type: 'server', onMalformed: () => {} });
    // A hub that was killed comes back empty, and a cursor of before gets a `gap`.
    this.#client.subscribe('display:*', () => {}, { onGap: everything });
    everything();
  }

  stop() {
    this.#stopped = true;
    this.#client?.close();
    clearTimeout(this.#again);
    for (const timer of this.#advance.values()) clearTimeout(timer);
    this.#advance.clear();
    this.#waiting.clear();
  }

  /** These displays show something else now; admin pages are told in any case. */
  changed(...displays) {
    for (const display of displays) {
      this.#waiting.add(`display:${display}`);
      this.#schedule(display);
    }
    this.#waiting.add('shows');
    this.#send();
  }

  async #send() {
    if (this.#sending || this.#stopped) return;
    this.#sending = true;
    clearTimeout(this.#again);
    while (this.#waiting.size > 0) {
      const channels = [...this.#waiting];
      this.#waiting.clear();
      const sent = await this.#publish(channels.map((channel) => this.#event(channel)));
      if (this.#stopped) break;
      if (sent) continue;
      // Later, and then what is shown by then.
      for (const channel of channels) this.#waiting.add(channel);
      this.#again = setTimeout(() => this.#send(), AGAIN_AFTER_MS);
      break;
    }
    this.#sending = false;
  }

  #event(channel) {
    if (channel === 'shows') return { channel, type: 'changed', key: 'changed', data: null };
    return { channel, type: 'slide', key: 'slide', data: this.#shows.current(channel.slice('display:'.length)) };
  }

  async #publish(events) {
    try {
      const answer = await fetch(`${this.#hub}/api/sse/publish`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(events),
      });
      if (!answer.ok) console.error(`the hub refused: ${await answer.text()}`);
      return answer.ok;
    } catch (error) {
      console.error(`the hub is away (${error.cause?.code ?? error.message}): it is told when it is back`);
      return false;
    }
  }

  /** A display that goes on by itself does so after its slide's time, whoever set the slide. */
  #schedule(display) {
    clearTimeout(this.#advance.get(display));
    this.#advance.delete(display);
    const seconds = this.#shows.seconds(display);
    if (seconds === 0) return;
    const next = () => {
      this.#shows.setDisplay(display, { step: 1 });
      this.changed(display);
    };
    this.#advance.set(display, setTimeout(next, seconds * 1_000));
  }
}
