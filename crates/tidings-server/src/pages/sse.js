// Reads an event stream from a fetch body, as the HTML standard's "Parsing an event stream" says.
// The browser's own EventSource hides comments, statuses and every event type it was not told of by name;
// a page that shows whatever is published, and notices silence, has to read the bytes itself.

/** Yields `{type, data, id, retry}` for each event; `onBytes` is told of every chunk, heartbeats included. */
export async function* events(body, onBytes) {
  let data = [];
  let type = '';
  let id = '';
  let retry = null;
  for await (const line of lines(body, onBytes)) {
    if (line === '') {
      if (data.length > 0) yield { type: type || 'message', data: data.join('\n'), id, retry };
      data = [];
      type = '';
      continue;
    }
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') data.push(value);
    else if (field === 'event') type = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) retry = Number(value);
  }
}

async function* lines(body, onBytes) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      rest += value;
      // A CR at the very end may be the half of a CRLF: it waits for the next chunk.
      const whole = rest.endsWith('\r') ? rest.length - 1 : rest.length;
      const parts = rest.slice(0, whole).split(/\r\n|\r|\n/);
      rest = parts.pop() + rest.slice(whole);
      yield* parts;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
