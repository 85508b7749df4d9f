export interface Person {
  readonly id: number;
  readonly name: string;
  readonly is_office: boolean;
  readonly session_ends_at_ms: number;
}

export interface Session {
  readonly user: Person;
  /** Empty where the hub lives in the application itself. */
  readonly hub_url: string;
  readonly attempts_max: number;
}

export interface Named {
  readonly id: number;
  readonly name: string;
}

export interface Visit {
  readonly student_id: number;
  readonly student_name: string;
  readonly since: number;
}

export interface Group {
  readonly active_group_id: number;
  readonly room_name: string;
  readonly activity: string;
  readonly started_at: number;
  readonly supervisors: readonly Named[];
  readonly visits: readonly Visit[];
}

export interface Room extends Named {
  readonly active_group_id: number | null;
}

export interface Colleague extends Named {
  readonly is_office: boolean;
  readonly is_locked: boolean;
}

export interface Board {
  /** Events that are not later than this are in it. */
  readonly as_of: number;
  readonly groups: readonly Group[];
  readonly rooms: readonly Room[];
  readonly students: readonly Named[];
  readonly colleagues: readonly Colleague[];
}

/** What the server refused, in its own words. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

export const fetchSession = () => read<Session>('/api/session');
export const fetchBoard = () => read<Board>('/api/board');

export const signIn = (login: string, password: string) => send('POST', '/api/session', { login, password });
export const signOut = () => send('DELETE', '/api/session');

export async function fetchToken(signal: AbortSignal): Promise<string> {
  const answer = await ask('/api/token', { method: 'POST', signal });
  if (!answer.ok) throw await refusal(answer);
  return ((await answer.json()) as { token: string }).token;
}

export const startSession = (room_id: number, activity: string) => send('POST', '/api/groups', { room_id, activity });
export const endSession = (group: number) => send('DELETE', `/api/groups/${group}`);
export const checkIn = (group: number, student: number) => send('PUT', `/api/groups/${group}/visits/${student}`);
export const checkOut = (group: number, student: number) => send('DELETE', `/api/groups/${group}/visits/${student}`);
export const addSupervisor = (group: number, staff: number) => send('PUT', `/api/groups/${group}/supervisors/${staff}`);
export const removeSupervisor = (group: number, staff: number) =>
  send('DELETE', `/api/groups/${group}/supervisors/${staff}`);
export const setLocked = (staff: number, locked: boolean) =>
  send(locked ? 'PUT' : 'DELETE', `/api/staff/${staff}/lock`);

async function read<T>(path: string): Promise<T> {
  const answer = await ask(path);
  if (!answer.ok) throw await refusal(answer);
  return answer.json();
}

async function send(method: string, path: string, body?: unknown): Promise<void> {
  const json = body !== undefined && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await ask(path, { method, ...json });
  if (!answer.ok) throw await refusal(answer);
}

async function ask(path: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch {
    throw new Refused(0, 'The server can’t be reached.');
  }
}

async function refusal(answer: Response): Promise<Refused> {
  const problem = await answer.json().catch(() => null);
  return new Refused(answer.status, problem?.detail ?? `The server answers ${answer.status}.`);
}
