const hub = process.env.HUB ?? 'http://127.0.0.1:3000';
const ASKED = ['accept', 'authorization', 'cookie', 'last-event-id', 'tidings-client'];
const ANSWERED = ['content-type', 'cache-control', 'retry-after', 'x-accel-buffering'];

export const dynamic = 'force-dynamic';

export async function GET(request) {
  const { search } = new URL(request.url);
  const answer = await fetch(`${hub}/api/sse/stream${search}`, {
    headers: only(ASKED, request.headers),
    cache: 'no-store',
    // Without it each reader that leaves stays at the hub.
    signal: request.signal,
  });
  return new Response(answer.body, { status: answer.status, headers: only(ANSWERED, answer.headers) });
}

function only(names, headers) {
  return Object.fromEntries(names.filter((name) => headers.has(name)).map((name) => [name, headers.get(name)]));
}
