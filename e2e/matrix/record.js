// What any `EventSource` reads, in one shape: the platform's, a package's or ours.

export const TYPES = ['note', 'message'];

export function record(source) {
  const read = { events: [], connected: 0, refused: [], closed: false, errors: 0 };
  for (const type of TYPES) {
    source.addEventListener(type, ({ lastEventId, data }) => read.events.push([lastEventId, type, data]));
  }
  source.addEventListener('connected', () => {
    read.connected += 1;
  });
  source.addEventListener('refused', ({ data }) => read.refused.push(JSON.parse(data).status));
  source.addEventListener('error', () => {
    read.errors += 1;
    read.closed = source.readyState === 2;
  });
  return { read, close: () => source.close() };
}
