import { client } from './client.js';
import { toLogin } from './session.js';

/** The hub said no, or was not there. */
export class Refusal extends Error {
  /** 0 where no answer came. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** JSON, as text: the hub shall get a publisher's digits as they were typed. */
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Asks below `/api/sse/`. Rejects with a `Refusal`, whose message is for people, or with an abort. */
export async function ask<T>(path: string, { method = 'GET', body, signal }: Ask = {}): Promise<T> {
  // By this header the hub knows that no form of another page sent it.
  const named = { 'Tidings-Client': 'monitor' };
  const headers: HeadersInit = body === undefined ? named : { ...named, 'Content-Type': 'application/json' };
  let answer: Response;
  try {
    answer = await client.request(path, {
      method,
      headers,
      cache: 'no-store',
      body: body ?? null,
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, 'The hub can’t be reached.');
  }
  const said = await answer.json().catch(() => null);
  signal?.throwIfAborted();
  if (answer.status === 401) toLogin();
  if (answer.ok && said === null) throw new Refusal(0, 'What answered is not the hub: it sent no JSON.');
  if (!answer.ok) throw new Refusal(answer.status, said?.detail ?? said?.title ?? `The hub answered ${answer.status}.`);
  return said as T;
}
