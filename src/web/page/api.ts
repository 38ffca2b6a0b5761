import type { ControlState } from '../../live/run-controls.ts';
import type { RunComparison } from '../run-comparison.ts';
import type { LogReading, RequestDetail, RequestPage } from '../request-table.ts';
import type { PastRun, RunEntry, StudyRow } from '../run-library.ts';

/** What the server says of itself. */
export interface About {
  readonly version: string;
  readonly canControl: boolean;
  readonly canWriteNotes: boolean;
  readonly canListRequests: boolean;
}

export const fetchAbout = () => fetchJson<About>('/api/about');
export const fetchRuns = () => fetchJson<readonly RunEntry[]>('/api/runs');
export const fetchStudies = () => fetchJson<readonly StudyRow[]>('/api/studies');
export const fetchRun = (name: string) => fetchJson<PastRun>(`/api/runs/${encodeURIComponent(name)}`);

export const fetchComparison = (names: readonly string[]) =>
  fetchJson<RunComparison>(`/api/compare?${new URLSearchParams(names.map((name) => ['run', name]))}`);

/** Some of a run's requests, from one of them on. */
export function fetchRequests(
  name: string,
  params: URLSearchParams,
  offset: number,
  limit: number,
): Promise<RequestPage | LogReading> {
  const all = new URLSearchParams(params);
  all.set('offset', String(offset));
  all.set('limit', String(limit));
  return fetchJson(`/api/runs/${encodeURIComponent(name)}/requests?${all}`);
}

export const fetchRequest = (name: string, seq: number, params: URLSearchParams) =>
  fetchJson<RequestDetail | LogReading>(`/api/runs/${encodeURIComponent(name)}/requests/${seq}?${params}`);

/** The server is still reading the run's log. */
export function isReading(answer: object): answer is LogReading {
  return 'bytesRead' in answer;
}

/** Replaces the notes about a run; throws with the server's reason when it does not. */
export const putNotes = (name: string, text: string) =>
  fetchJson<object>(`/api/runs/${encodeURIComponent(name)}/notes`, { method: 'PUT', body: text });

/** Asks the server to steer the run; throws with its reason when it does not. */
export async function postControl(action: string, body: object = {}): Promise<ControlState> {
  return fetchJson<ControlState>(`/api/control/${action}`, { method: 'POST', body: JSON.stringify(body) });
}

async function fetchJson<T>(path: string, options?: RequestInit): Promise<T> {
  const answer = await fetch(path, options);
  if (answer.ok) return (await answer.json()) as T;
  const text = await answer.text();
  throw new Error(reasonOf(text) ?? `the server answered ${answer.status}`);
}

function reasonOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { readonly error?: string }).error;
  } catch {
    return text === '' ? undefined : text;
  }
}
