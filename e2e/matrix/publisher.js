// Publishes 1, 2, 3, … without a pause for a hub that is away, and knows what became of each.

export class Publisher {
  /** Number → the offset that the hub answered: these were published. */
  accepted = new Map();
  /** Numbers whose answer did not come: published or not, nobody knows. */
  unknown = new Set();
  #url;
  #channel;
  #everyMs;
  #over = false;
  #running;
  #number = 0;

  constructor(hub, channel, everyMs) {
    this.#url = `${hub.url}/api/sse/publish`;
    this.#channel = channel;
    this.#everyMs = everyMs;
    this.#running = this.#run();
  }

  /** The last number that was accepted so far. */
  get last() {
    return Math.max(0, ...this.accepted.keys());
  }

  async stop() {
    this.#over = true;
    await this.#running;
  }

  async #run() {
    while (!this.#over) {
      this.#number += 1;
      await this.#publish(this.#number).catch(({ cause }) => {
        // Nobody listened: this one was certainly not published.
        if (cause?.code !== 'ECONNREFUSED') this.unknown.add(this.#number);
      });
      await new Promise((resolve) => setTimeout(resolve, this.#everyMs));
    }
  }

  async #publish(number) {
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ channel: this.#channel, data: number });
    const answer = await fetch(this.#url, { method: 'POST', headers, body });
    const { offset } = await answer.json();
    if (answer.status === 200) this.accepted.set(number, offset);
  }
}
