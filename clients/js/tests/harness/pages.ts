// Pages that use the client, as a bundler leaves it, and a proxy that swallows goodbyes in front of the hub.

import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';

const PLACES = [process.env.CHROMIUM_BIN, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'];

const found = PLACES.find((path) => path && existsSync(path));
export const NO_BROWSER = found === undefined;

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: found ?? '',
    args: FLAGS,
    // Real browsers have a back-forward cache, and what goes wrong there is a thing to test.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
}

const PAGE = `<!doctype html><title>a page</title><script type="module">
  import { createClient, shareTabs } from '/client.js';
  const query = new URL(location.href).searchParams;
  const [url, leaseSeconds, key] = [query.get('hub') ?? '', Number(query.get('lease') ?? 90), query.get('share')];
  [window.events, window.gaps] = [[], []];
  const share = key ? shareTabs({ key }) : undefined;
  window.hub = createClient({ url, leaseSeconds, share, backoff: { firstMs: 50, maxMs: 200 } });
  hub.subscribe('jobs', ({ data }) => events.push(data), { onGap: ({ reason }) => gaps.push(reason) });
</script>`;

/** Serves the page, and the hub behind a proxy that reads on when its client has left. */
export class Pages {
  url = '';
  #script = '';
  #hubUrl: () => string;
  #upstream = new Set<ReturnType<typeof request>>();
  #stalled: ServerResponse[] = [];
  #stalls = () => {};
  #server = createServer((asked, answer) => this.#answer(asked, answer));

  constructor(hubUrl: () => string) {
    this.#hubUrl = hubUrl;
  }

  async start(): Promise<void> {
    const contents = "export * from './index.ts'; export * from './share.ts';";
    const stdin = { contents, resolveDir: fileURLToPath(new URL('../../src', import.meta.url)) };
    const built = await build({ stdin, bundle: true, minify: true, format: 'esm', write: false });
    this.#script = built.outputFiles[0]?.text ?? '';
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.forget();
    this.release();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Lets go of what it still holds of those who have left. */
  forget(): void {
    for (const held of this.#upstream) held.destroy();
  }

  /** Once somebody asks for `/stall`. */
  stalled(): Promise<void> {
    return new Promise((resolve) => {
      this.#stalls = resolve;
    });
  }

  /** Answers those who asked for `/stall`. */
  release(): void {
    for (const answer of this.#stalled.splice(0)) answer.end();
  }

  #answer(asked: IncomingMessage, answer: ServerResponse): void {
    if (asked.url?.startsWith('/api/')) return this.#proxy(asked, answer);
    if (asked.url === '/stall') {
      this.#stalled.push(answer);
      return this.#stalls();
    }
    const [type, body] = asked.url === '/client.js' ? ['text/javascript', this.#script] : ['text/html', PAGE];
    answer.writeHead(200, { 'Content-Type': type }).end(body);
  }

  #proxy(asked: IncomingMessage, answer: ServerResponse): void {
    const upstream = request(
      this.#hubUrl() + asked.url,
      { method: asked.method, headers: asked.headers },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.on('data', (chunk) => answer.write(chunk));
        response.on('end', () => answer.end());
        response.on('error', () => answer.destroy());
      },
    );
    upstream.on('error', () => answer.destroy());
    upstream.on('close', () => this.#upstream.delete(upstream));
    this.#upstream.add(upstream);
    asked.pipe(upstream);
  }
}
