export type Status = 'queued' | 'running' | 'completed' | 'failed';

export interface Job {
  readonly id: number;
  readonly task_type: string;
  readonly status: Status;
  readonly project_folder: string;
  readonly name: string;
  readonly done: number;
  readonly total: number;
  readonly error?: string;
  /** Of two tellings of a job the one with the higher number is the newer. */
  readonly updated_at: number;
}

export interface Thumbnail {
  readonly file: string;
  readonly width: number;
  readonly height: number;
}

export interface Photo {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  readonly status: Status;
  readonly width: number;
  readonly height: number;
  readonly thumbnails: readonly Thumbnail[];
  readonly error?: string;
}

export interface Manifest {
  readonly project_folder: string;
  readonly timestamp: number;
  readonly photos: readonly Photo[];
}

export interface Shelf {
  readonly project_folder: string;
  readonly photos: number;
}

export interface Storage {
  readonly folders: number;
  readonly photos: number;
  readonly original_bytes: number;
  readonly thumbnail_bytes: number;
  readonly timestamp: number;
}

/** Of what the hub says of itself, what is shown here. */
export interface HubStats {
  readonly connections: { readonly active: number };
}

export interface Limits {
  readonly photo_bytes_max: number;
  readonly photos_per_upload_max: number;
  readonly upload_bytes_max: number;
  readonly formats: readonly string[];
}

export interface Refusal {
  readonly name: string;
  readonly detail: string;
}

export interface Uploaded {
  readonly jobs: readonly Job[];
  readonly refused: readonly Refusal[];
}

export const fetchLimits = () => read<Limits>('/api/limits');
export const fetchFolders = async () => (await read<{ folders: readonly Shelf[] }>('/api/folders')).folders;
export const fetchManifest = (folder: string) => read<Manifest>(`/api/folders/${folder}/manifest`);
export const fetchJobs = async () => (await read<{ jobs: readonly Job[] }>('/api/jobs')).jobs;
export const fetchStorage = () => read<Storage>('/api/storage');

export const thumbnailUrl = (folder: string, { file }: Thumbnail) => `/api/folders/${folder}/thumbnails/${file}`;

export async function upload(folder: string, files: readonly File[]): Promise<Uploaded> {
  const body = new FormData();
  for (const file of files) body.append('photos', file);
  const answer = await ask(`/api/folders/${folder}/photos`, { method: 'POST', body });
  if (answer.ok) return answer.json();
  const problem = await problemOf(answer);
  return { jobs: [], refused: problem.refused ?? [{ name: 'The upload', detail: problem.detail }] };
}

export async function remove(folder: string, id: number): Promise<void> {
  const answer = await ask(`/api/folders/${folder}/photos/${id}`, { method: 'DELETE' });
  // Gone already is gone.
  if (!answer.ok && answer.status !== 404) throw new Error((await problemOf(answer)).detail);
}

async function read<T>(path: string): Promise<T> {
  const answer = await ask(path);
  if (!answer.ok) throw new Error((await problemOf(answer)).detail);
  return answer.json();
}

async function ask(path: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch {
    throw new Error('the server can’t be reached: is it running?');
  }
}

interface Problem {
  readonly detail: string;
  readonly refused?: readonly Refusal[];
}

/** A proxy's own errors are no problem documents. */
async function problemOf(answer: Response): Promise<Problem> {
  const otherwise = { detail: `the server answers ${answer.status} ${answer.statusText}`.trim() };
  return answer.headers.get('Content-Type') === 'application/problem+json' ? answer.json() : otherwise;
}
