import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The built program; `npm test` builds before it tests. */
export const ENTRY = resolve(import.meta.dirname, '../../dist/cli/main.js');

/** Exit codes of a run that went through. On a machine with other things to do its verdict may be `invalid`, which is 5. */
export const WENT_THROUGH: readonly unknown[] = [0, 5];

/** Load of tests goes to this machine only, whatever proxy its environment has. */
const NO_PROXIES = { http_proxy: '', HTTP_PROXY: '', https_proxy: '', HTTPS_PROXY: '' };

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One running process of the program. */
export class Program {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout = '';
  stderr = '';

  /** `before`: a shell command that is run first in the same process, such as `ulimit -f 300`. */
  constructor(
    args: readonly string[],
    environment: Record<string, string> = {},
    directory = process.cwd(),
    before = '',
  ) {
    const command = [process.execPath, ENTRY, ...args];
    const [file, ...rest] =
      before === '' ? command : ['bash', '-c', `${before}; exec "$@"`, 'bash', ...command];
    this.child = spawn(file!, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...NO_PROXIES, NO_COLOR: '1', ...environment },
      cwd: directory,
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.finished = once(this.child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  get pid(): number {
    return this.child.pid!;
  }

  async waitForOutput(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    const found = () => pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
    try {
      return await waitFor(found, `${String(pattern)} in output`, timeoutMs);
    } catch (error) {
      const { exitCode, signalCode } = this.child;
      const state = exitCode ?? signalCode ?? 'running';
      throw new Error(`${(error as Error).message}; ${state}, it said:\n${this.stdout}\n${this.stderr}`, {
        cause: error,
      });
    }
  }

  /** Ends it if it still runs. */
  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.finished;
  }
}

/** Waits until `probe` gives something, looking every 20 ms. */
export async function waitFor<T>(
  probe: () => T | null | undefined | false,
  what: string,
  timeoutMs = 30_000,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const found = probe();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadlineMs) throw new Error(`no ${what} within ${timeoutMs} ms`);
    await new Promise((resolve_) => setTimeout(resolve_, 20));
  }
}

/** Whether there is a process of this number. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isZombie(pid);
}

/** Ended, and whoever inherited it has not asked yet how. */
function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** A place for one test: a temporary directory, a dataset in it, and whatever was started, all gone at `end`. */
export class Workbench {
  /** Drawing report.html takes a quarter of a short run's CPU time: runs draw it where a test looks at it. */
  readonly #environment: Record<string, string>;
  readonly path = mkdtempSync(join(tmpdir(), 'inferometer-test-'));
  readonly #programs: Program[] = [];

  constructor({ drawsReports = false } = {}) {
    this.#environment = drawsReports ? {} : { INFEROMETER_REPORT_HTML: 'off' };
  }

  start(args: readonly string[], environment?: Record<string, string>, directory?: string): Program {
    return this.#keep(new Program(args, { ...this.#environment, ...environment }, directory));
  }

  /** Starts it behind a shell command such as `ulimit -f 300`, if there is one. */
  startBehind(before: string | undefined, args: readonly string[]): Program {
    return this.#keep(new Program(args, this.#environment, undefined, before));
  }

  /** Starts a mock server in a process of its own; resolves to its URL. */
  async mock(...args: string[]): Promise<string> {
    const server = this.start(['serve-mock', ...args]);
    return (await server.waitForOutput(/http:\/\/\S+/))[0];
  }

  dataset(rowCount: number, name = 'prompts.jsonl'): string {
    const path = this.file(name);
    writeFileSync(
      path,
      Array.from({ length: rowCount }, (_, i) => JSON.stringify({ prompt: `#${i} tell me a story` })).join(
        '\n',
      ),
    );
    return path;
  }

  /** The arguments of a run against `url` with a dataset of that many rows, into the directory `run`. */
  runArgs(url: string, rowCount: number, ...more: readonly string[]): string[] {
    const dataset = this.dataset(rowCount);
    const target = ['--endpoint', url, '--model', 'm', '--dataset', dataset, '--out', this.file('run')];
    return ['run', ...target, ...more];
  }

  file(name: string): string {
    return join(this.path, name);
  }

  json<T = Record<string, unknown>>(name: string): T {
    return JSON.parse(readFileSync(this.file(name), 'utf8')) as T;
  }

  /** The JSON of a file that may not be there yet, or be half written. */
  tryJson<T = Record<string, unknown>>(name: string): T | undefined {
    try {
      return this.json<T>(name);
    } catch {
      return undefined;
    }
  }

  /** What a mock server saw of each request, by its own log; the fields are those of `GET /truth`. */
  async truth(url: string): Promise<readonly Readonly<Record<string, string | number | null>>[]> {
    const lines = (await (await fetch(`${url}/truth`)).text()).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Record<string, string | number | null>);
  }

  /** The samples of a run, in the order of issue, as `export` gives them: cells by the names of their columns. */
  async samples(run = 'run'): Promise<readonly Readonly<Record<string, string>>[]> {
    const csv = this.file('samples.csv');
    const { code, stderr } = await this.start(['export', this.file(run), '--samples', 'csv', '--out', csv])
      .finished;
    if (code !== 0) throw new Error(`export: exit code ${code}: ${stderr}`);
    const [head = '', ...rows] = readFileSync(csv, 'utf8').trim().split('\n');
    const names = head.split(',');
    return rows.map((row) => {
      const cells = row.split(',');
      return Object.fromEntries(names.map((name, i) => [name, cells[i]!]));
    });
  }

  async end(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.end()));
    rmSync(this.path, { recursive: true, force: true });
  }

  #keep(program: Program): Program {
    this.#programs.push(program);
    return program;
  }
}
