// Who somebody is: a signed cookie for the service's own pages, and for the hubs a token with what they may.

import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

const READER_SECONDS = 15 * 60;
const JOB_SECONDS = 24 * 60 * 60;
const AUDIENCE = 'writing-service';

/** The secret that the hubs check tokens with, made where there is none. */
export async function openKey(path) {
  await writeFile(path, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 }).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return readFile(path, 'utf8');
}

export class Tokens {
  #key;

  constructor(key) {
    this.#key = key;
  }

  /** An author reads what is told of their own books, and publishes nothing. */
  forAuthor = (author) => this.#token(author, READER_SECONDS, { subscribe: [channelOf(author)] });

  /** Whoever writes a book publishes on its author's channel, and reads nothing. */
  forJob = (author) => this.#token('writer', JOB_SECONDS, { subscribe: [], publish: [channelOf(author)] });

  forService = () => this.#token('writing-service', READER_SECONDS, { subscribe: ['books:*'], limit: 0 });

  cookie = (author) => `${author}.${this.#sign(`cookie ${author}`)}`;

  /** Whose cookie it is; null for one that was not made here. */
  author(cookie) {
    const at = cookie.lastIndexOf('.');
    const [given, right] = [cookie, this.cookie(cookie.slice(0, Math.max(0, at)))].map((text) => Buffer.from(text));
    return given.length === right.length && timingSafeEqual(given, right) ? cookie.slice(0, at) : null;
  }

  #token(sub, seconds, tidings) {
    return signedToken(this.#key, sub, seconds, tidings);
  }

  #sign = (text) => signature(this.#key, text);
}

/** A token for the hubs, by HS256. `tidings` is what it grants. */
export function signedToken(key, sub, seconds, tidings) {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { sub, aud: AUDIENCE, iat: now, exp: now + seconds, jti: randomUUID(), tidings };
  const text = [{ alg: 'HS256', typ: 'JWT' }, claims].map(encoded).join('.');
  return `${text}.${signature(key, text)}`;
}

const signature = (key, text) => createHmac('sha256', key).update(text).digest('base64url');

export const channelOf = (author) => `books:${author}`;

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
