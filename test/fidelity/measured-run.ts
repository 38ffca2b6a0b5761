import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The built program; `npm test` builds before it tests. */
export const ENTRY = resolve(import.meta.dirname, '../../dist/cli/main.js');

export interface Finding {
  readonly check: string;
  readonly level: 'invalid' | 'degraded' | 'note';
  readonly message: string;
}

interface Series {
  readonly max: number;
  readonly percentiles: Readonly<Record<string, number>>;
}

/** What the tests look at in result_summary.json. */
export interface Summary {
  readonly verdict: {
    readonly level: string;
    readonly findings: readonly Finding[];
    readonly metrics: readonly { readonly metric: string; readonly level: string }[];
  };
  readonly chunk_delta: Series;
  readonly client_bounds: {
    readonly probes: number;
    readonly metrics: Readonly<
      Record<string, Readonly<Record<string, { readonly added_ns: number; readonly missing_ns: number }>>>
    >;
  };
  readonly samples: Readonly<Record<string, number>>;
  readonly ttft: Series;
  readonly latency: Series;
  readonly response_latency: Series;
  readonly issue_delay: Series;
  readonly client: Readonly<Record<string, number | string>>;
  readonly event_stream: Readonly<Record<string, number>>;
  readonly errors_by_type: readonly { readonly type: string; readonly count: number }[];
}

export interface RunOptions {
  readonly url: string;
  readonly flags: readonly string[];
  /** A command that runs the rest of its line, such as `taskset -c 0`. */
  readonly wrapper?: readonly string[];
  /** Flags of Node. */
  readonly nodeFlags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A run of the program, as a process under test. */
export class MeasuredRun {
  readonly path = mkdtempSync(join(tmpdir(), 'inferometer-fidelity-'));
  readonly logPath = join(this.path, 'run/run.log');
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = '';

  constructor({ url, flags, wrapper = [], nodeFlags = [], environment = {} }: RunOptions) {
    const dataset = join(this.path, 'prompts.jsonl');
    writeFileSync(dataset, Array.from({ length: 20 }, (_, i) => `{"prompt":"#${i}"}`).join('\n'));
    const fixed = ['--endpoint', url, '--model', 'm', '--dataset', dataset, '--out', join(this.path, 'run')];
    const [command, ...rest] = [...wrapper, process.execPath, ...nodeFlags, ENTRY, 'run', ...fixed, ...flags];
    this.#child = spawn(command!, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...environment },
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    this.#closed = once(this.#child, 'close');
  }

  /** The wrapper's process, which the program takes over: `exec`, `taskset` and `prlimit` do. */
  get pid(): number {
    return this.#child.pid!;
  }

  get output(): string {
    return this.#output;
  }

  async exitCode(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  /** Waits for the end and reads what was measured. */
  async summary(): Promise<Summary> {
    await this.#closed;
    const path = join(this.path, 'run/performance/result_summary.json');
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Summary;
    } catch (error) {
      throw new Error(`no result: ${this.#output}`, { cause: error });
    }
  }

  report(): string {
    return readFileSync(join(this.path, 'run/report.txt'), 'utf8');
  }

  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#closed;
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Checks that found something, with the level. */
export function levels({ verdict }: Summary): Readonly<Record<string, Finding['level']>> {
  return Object.fromEntries(verdict.findings.map(({ check, level }) => [check, level]));
}

/** Whether a command is there. */
export function has(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** Whether a command does what it should here. */
export function works([command, ...args]: readonly string[]): boolean {
  return spawnSync(command!, args, { stdio: 'ignore' }).status === 0;
}

export const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
