// What the page asks of the service itself: who one is, a token for the hubs, one's books, a new one.

import { CHAPTERS_MAX } from './book.js';
import { channelOf } from './tokens.js';

const BODY_BYTES_MAX = 16 * 1024;
const COOKIE = 'author';
const AUTHOR = /^[a-z0-9][a-z0-9-]{0,39}$/;
const TITLE_LETTERS_MAX = 80;

export async function answerService(service, request, response) {
  try {
    const { pathname } = new URL(request.url, 'http://service');
    const [what, id] = pathname.split('/').slice(2).map(decodeURIComponent);
    const route = ROUTES[`${request.method} ${what}`] ?? unknown;
    const author = authorOf(service.tokens, request);
    if (author === null && what !== 'session') throw new Refusal(401, 'say who you are first');
    send(response, 200, await route({ ...service, author, id, request, response }));
  } catch (error) {
    const status = error instanceof Refusal ? error.status : 500;
    if (status === 500) console.error(error);
    send(response, status, { status, detail: status === 500 ? 'the service failed' : error.message });
  }
}

const ROUTES = {
  'GET session': ({ author }) => ({ author, channel: author && channelOf(author) }),
  // An example's login: whoever says a name is that author. A password, or somebody else's login, belongs here.
  'POST session': async ({ tokens, request, response }) => {
    const { author } = await json(request);
    if (!AUTHOR.test(author)) throw new Refusal(400, 'a name is 1 to 40 of a–z, 0–9 and -');
    response.setHeader('Set-Cookie', `${COOKIE}=${tokens.cookie(author)}; Path=/; HttpOnly; SameSite=Strict`);
    return { author, channel: channelOf(author) };
  },
  'DELETE session': ({ request, response }) => {
    fromHere(request);
    response.setHeader('Set-Cookie', `${COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`);
    return {};
  },
  'GET token': ({ tokens, author }) => ({ token: tokens.forAuthor(author) }),
  'GET books': ({ books, author }) => ({ books: books.of(author).map(shown) }),
  'POST books': async ({ workshop, author, request }) => {
    const { title, chapters } = await json(request);
    if (typeof title !== 'string' || title.trim() === '' || title.length > TITLE_LETTERS_MAX) {
      throw new Refusal(400, `a title has 1 to ${TITLE_LETTERS_MAX} letters`);
    }
    if (!Number.isInteger(chapters) || chapters < 1 || chapters > CHAPTERS_MAX) {
      throw new Refusal(400, `a book has 1 to ${CHAPTERS_MAX} chapters`);
    }
    return shown(await workshop.order(author, { title: title.trim(), chapters }));
  },
};

/** As `progress` has it: without the text. */
function shown({ id, title, chapters, step, phase, written }) {
  return { id, title, chapters, step, phase, written: written.map(({ title, words }) => ({ title, words })) };
}

function authorOf(tokens, { headers }) {
  const cookies = (headers.cookie ?? '').split('; ').map((cookie) => cookie.split('='));
  const [, value] = cookies.find(([name]) => name === COOKIE) ?? [];
  return value ? tokens.author(value) : null;
}

class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

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
  if (site !== undefined && site !== 'same-origin') throw new Refusal(403, 'from the service’s own page only');
}

function send(response, status, body) {
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}
