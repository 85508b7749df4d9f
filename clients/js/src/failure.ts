/**
 * Why there is no stream.
 *
 * | code | what happened | tried again |
 * | --- | --- | --- |
 * | `network` | not reached, cut, or ended without a word | yes |
 * | `timeout` | nothing was heard for too long | yes |
 * | `http` | a status other than 200 | 401 once, with a fresh token; 408, 425, 429 and 5xx; others no |
 * | `protocol` | what answered is no hub | yes |
 * | `token` | the `token` callback threw | yes |
 * | `closing` | the hub ended the stream, see `reason` | as the hub said |
 * | `lease` | the hub no longer knew the stream | yes |
 * | `unsupported` | this environment can't read a stream by `fetch` | no |
 */
export interface ClientError {
  readonly code: 'network' | 'timeout' | 'http' | 'protocol' | 'token' | 'closing' | 'lease' | 'unsupported';
  /** For people; not to be parsed. */
  readonly message: string;
  /** No further attempt is made until `reconnect()`. */
  readonly fatal: boolean;
  /** The HTTP status, where there was one. */
  readonly status?: number;
  /** The hub's limit that refused, where one did. */
  readonly limit?: number | undefined;
  /** The user's connections that hold it, by their public ids; `since` in milliseconds since 1970. */
  readonly heldBy?: readonly { readonly id: string; readonly node: string; readonly since: number }[] | undefined;
  /** Why the hub ended the stream (`kicked`, `draining`, …): docs/protocol.md, "Ends". */
  readonly reason?: string;
}

/** The longest wait that a hub may ask for: an hour. A timer takes no more than 24.8 days. */
const HINT_MS_MAX = 3_600_000;

/** Thrown by a transport: the attempt is over, for this reason. */
export class Failure extends Error {
  readonly error: ClientError;
  /** The hub's own wish in milliseconds: no attempt before that. */
  readonly hintMs: number;

  constructor(
    code: ClientError['code'],
    message: string,
    { hintMs = 0, ...rest }: Partial<ClientError> & { hintMs?: number } = {},
  ) {
    super(message);
    this.error = { code, message, fatal: false, ...rest };
    this.hintMs = Math.min(Math.max(hintMs, 0) || 0, HINT_MS_MAX);
  }
}

/** A problem's members (RFC 9457) as far as they matter here. */
interface Problem {
  status?: number;
  title?: string;
  detail?: string;
  limit?: number;
  held_by?: ClientError['heldBy'];
  retry_after?: number;
  retry_after_ms?: number;
}

/** Retried although the status says no. Any other 4xx, and 204, stays as it is however often one asks. */
export const PASSING = [408, 425, 429];

/** Reads what was answered instead of a stream. */
export async function refused(response: Response): Promise<Failure> {
  // Not the hub's own words, where something in between answered, or the body was cut.
  const problem = await response.json().catch(() => null);
  return fromProblem(problem, response.status, response.headers.get('Retry-After'));
}

/** The same for a refusal that came as an event (`refused`). */
export function fromProblem(problem: Problem | null, status: number, retryAfter: string | null = null): Failure {
  const {
    title,
    detail = title,
    limit,
    held_by: heldBy,
    retry_after = Number(retryAfter),
    retry_after_ms = retry_after * 1000,
  } = problem ?? {};
  return new Failure('http', detail ? `${status}: ${detail}` : `the hub answered ${status}`, {
    status,
    limit,
    heldBy,
    fatal: status < 500 && !PASSING.includes(status),
    // As a date (RFC 9110 §10.2.3), from a proxy: the hub sends seconds.
    hintMs: retry_after_ms || Date.parse(retryAfter ?? '') - Date.now(),
  });
}
