// What the admin page and the displays ask of the kiosk itself. A change is saved, and then told to the hub.

import { Refusal } from './refusal.js';

const BODY_BYTES_MAX = 256 * 1024;

export async function answerKiosk(kiosk, request, response) {
  try {
    const { pathname } = new URL(request.url, 'http://kiosk');
    const [what, name] = pathname.split('/').slice(3).map(decodeURIComponent);
    const answer = await (ROUTES[`${request.method} ${what ?? ''}`] ?? unknown)(kiosk, name, request);
    send(response, 200, answer);
  } catch (error) {
    const status = error instanceof Refusal ? error.status : 500;
    if (status === 500) console.error(error);
    send(response, status, { title: 'Refused', status, detail: status === 500 ? 'the kiosk failed' : error.message });
  }
}

const ROUTES = {
  'GET ': ({ shows }) => shows.all(),
  'GET displays': ({ shows }, name) => shows.current(name) ?? unknown(),

  'PUT displays': async ({ shows, broadcast }, name, request) => {
    shows.setDisplay(name, await json(request));
    broadcast.changed(name);
    return shows.current(name);
  },
  'DELETE displays': async ({ shows, broadcast }, name, request) => {
    fromHere(request);
    shows.removeDisplay(name);
    broadcast.changed(name);
    return {};
  },
  'PUT shows': async ({ shows, broadcast }, id, request) => {
    broadcast.changed(...shows.setShow(id, await json(request)));
    return {};
  },
  'DELETE shows': async ({ shows, broadcast }, id, request) => {
    fromHere(request);
    shows.removeShow(id);
    broadcast.changed();
    return {};
  },
};

function unknown() {
  throw new Refusal(404, 'there is nothing here');
}

async function json(request) {
  fromHere(request);
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > BODY_BYTES_MAX) throw new Refusal(413, `at most ${BODY_BYTES_MAX} bytes`);
  }
  try {
    return Object(JSON.parse(body));
  } catch {
    throw new Refusal(400, 'the body is no JSON');
  }
}

/** A page of another site may not change anything. */
function fromHere({ headers }) {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') throw new Refusal(403, 'from the kiosk’s own pages only');
}

function send(response, status, body) {
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}
