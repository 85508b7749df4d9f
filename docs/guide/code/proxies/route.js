const hub = process.env.HUB ?? 'http://127.0.0.1:3000';

export const dynamic = 'force-dynamic';

export async function GET(request) {
  const { search } = new URL(request.url);
  const answer = await fetch(`${hub}/api/sse/stream${search}`, {
    headers: { Accept: 'text/event-stream', 'Last-Event-ID': request.headers.get('last-event-id') ?? '' },
    cache: 'no-store',
    // Without it each reader that leaves stays at the hub.
    signal: request.signal,
  });
  return new Response(answer.body, { status: answer.status, headers: answer.headers });
}
