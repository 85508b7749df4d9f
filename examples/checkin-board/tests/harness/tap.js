// Runs in the page, before anything else: reads along what its streams bring, and can put bytes of its own among them.

export function tap() {
  const own = window.fetch;
  /** One for each stream that was opened. */
  window.streams = [];
  window.tokensAskedAt = [];
  window.fetch = async (...asked) => {
    if (asked[0] === '/api/token') window.tokensAskedAt.push(Date.now());
    const answer = await own(...asked);
    if (!answer.headers.get('Content-Type')?.startsWith('text/event-stream')) return answer;
    const stream = { text: '', openedAt: Date.now(), endedAt: null, token: asked[1]?.headers?.Authorization };
    window.streams.push(stream);
    const decoder = new TextDecoder();
    const along = new TransformStream({
      start: (out) => {
        stream.inject = (text) => out.enqueue(new TextEncoder().encode(text));
      },
      transform: (bytes, out) => {
        stream.text += decoder.decode(bytes, { stream: true });
        // The client hangs up at this, and the stream's own end is heard no more.
        if (stream.text.includes('event: closing')) stream.endedAt ??= Date.now();
        out.enqueue(bytes);
      },
      flush: () => {
        stream.endedAt = Date.now();
      },
    });
    const { status, headers } = answer;
    return new Response(answer.body.pipeThrough(along), { status, headers });
  };
}

/** The events of all streams of a page, in order: `{ type, data, id }`. */
export async function heard(page) {
  const texts = await page.evaluate(() => window.streams.map(({ text }) => text));
  return texts.flatMap((text) =>
    text
      .split('\n\n')
      .map((block) => Object.fromEntries(block.split('\n').map((line) => line.split(/: ?(.*)/s).slice(0, 2))))
      .filter(({ event, data }) => event && data)
      .map(({ event, data, id }) => ({ type: event, id, data: JSON.parse(data) })),
  );
}
