import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareRun } from '../../../src/app/run/prepare.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { InferometerError } from '../../../src/core/errors.ts';
import { createLog } from '../../../src/core/log.ts';

/** A request as a server would read it. */
export interface ReadRequest {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a run would send, a request for each row, and what it says before it begins. */
export interface Prepared {
  readonly requests: readonly ReadRequest[];
  readonly notes: readonly string[];
  readonly outputLimit: number | null;
  readonly skippedRows: number;
  readonly echoes: number;
  /** When each request of a replay is due; null for any other load. */
  readonly dueMs: readonly number[] | null;
}

export interface DatasetFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** The flags of a run, `true` for one without an argument. */
export type Flags = Readonly<Record<string, string | readonly string[] | true>>;

const ONE_PROMPT: DatasetFile = { name: 'p.jsonl', content: '{"prompt":"red?"}\n' };

/** Goes the way of `run` from its flags to the bytes of its requests; nothing is sent. The directory is left out of all messages. */
export async function prepare(flags: Flags, file: DatasetFile = ONE_PROMPT): Promise<Prepared> {
  const directory = await mkdtemp(join(tmpdir(), 'inferometer-requests-'));
  const dataset = join(directory, file.name);
  const withoutDirectory = (text: string) => text.replaceAll(`${directory}/`, '');
  const given: Flags = { '--endpoint': 'http://h', '--model': 'm', '--dataset': dataset, ...flags };
  const texts = Object.entries(given).map(([flag, value]): [string, readonly string[]] => {
    return [flag, value === true ? ['on'] : [value].flat()];
  });
  const notes: string[] = [];
  try {
    await writeFile(dataset, file.content);
    const config = resolveConfig({ environment: {}, flags: new Map(texts) });
    const run = await prepareRun(
      config,
      createLog((line) => notes.push(withoutDirectory(line))),
    );
    const [arena] = run.arenas;
    const [part] = run.parts;
    const rows = Array.from({ length: arena!.rowCount }, (_, row) => row);
    return {
      requests: rows.map((row) => readRequest(arena!.requestBytes(row))),
      notes,
      outputLimit: run.outputLimit,
      skippedRows: run.skippedRows,
      echoes: run.echoes,
      dueMs: part!.dueNs === undefined ? null : [...new Float64Array(part!.dueNs)].map((ns) => ns / 1e6),
    };
  } catch (error) {
    if (!(error instanceof InferometerError)) throw error;
    throw new InferometerError(error.code as 'INFEROMETER_', error.kind, withoutDirectory(error.message), {
      cause: error,
    });
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The bodies alone. */
export async function bodies(flags: Flags, file?: DatasetFile): Promise<readonly ReadRequest['body'][]> {
  return (await prepare(flags, file)).requests.map(({ body }) => body);
}

/** Rows as a file of JSON lines. */
export function jsonLines(...rows: readonly unknown[]): DatasetFile {
  return { name: 'p.jsonl', content: rows.map((row) => `${JSON.stringify(row)}\n`).join('') };
}

function readRequest(bytes: Uint8Array): ReadRequest {
  const text = Buffer.from(bytes).toString('utf8');
  const headEnd = text.indexOf('\r\n\r\n');
  const [requestLine, ...lines] = text.slice(0, headEnd).split('\r\n');
  const [method, target, version] = requestLine!.split(' ');
  if (method !== 'POST' || version !== 'HTTP/1.1') throw new Error(`odd request line: ${requestLine}`);
  const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]));
  const body = text.slice(headEnd + 4);
  if (Number(headers['Content-Length']) !== Buffer.byteLength(body)) throw new Error('odd Content-Length');
  return { target: target!, headers, body: JSON.parse(body) as ReadRequest['body'] };
}
