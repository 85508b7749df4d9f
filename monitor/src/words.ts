// What the hub's names mean, in a line each: docs/protocol.md, "Ends" and "A connection".

/** How an end is to be taken: as nothing special, as somebody's decision, or as a sign that something is wrong. */
export type Tone = 'calm' | 'chosen' | 'wrong';

export interface Meaning {
  readonly words: string;
  readonly tone: Tone;
}

const REASONS: Readonly<Record<string, Meaning>> = {
  client_left: { words: 'the client closed its connection', tone: 'calm' },
  disconnected: { words: 'the client said goodbye', tone: 'calm' },
  superseded: { words: 'the same client connected again', tone: 'calm' },
  expired: { words: 'its token ended', tone: 'calm' },
  max_age: { words: 'open for as long as a stream may be', tone: 'calm' },
  kicked: { words: 'an operator ended it', tone: 'chosen' },
  revoked: { words: 'an operator shut the user out', tone: 'chosen' },
  draining: { words: 'the hub was going down', tone: 'chosen' },
  limit: { words: 'made room for the user’s newer one', tone: 'wrong' },
  slow: { words: 'fell behind the history it reads from', tone: 'wrong' },
  stalled: { words: 'took no bytes, though its kernel answered', tone: 'wrong' },
  lost: { words: 'went away without a word', tone: 'wrong' },
  lease: { words: 'did not check in, as it had promised', tone: 'wrong' },
  error: { words: 'the hub’s own fault, or the client sent too much', tone: 'wrong' },
};

export function reason(name: string): Meaning {
  return REASONS[name] ?? { words: '', tone: 'chosen' };
}

export const REASON_NAMES = Object.keys(REASONS);

const PROOFS: Readonly<Record<string, string>> = {
  alive: 'The client itself checked in.',
  acked: 'Its kernel acknowledged bytes.',
  wrote: 'Bytes were handed down, and nothing objected.',
};

export function proof(kind: string, to: string): string {
  const words = PROOFS[kind] ?? kind;
  return to === 'proxy' ? `${words} That proves the proxy, not the client behind it.` : words;
}
