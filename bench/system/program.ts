import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cpuSecondsOf, timedCommand } from '../harness/cpu-time.ts';
import { peakMemoryMb } from '../harness/memory.ts';

/** The built program, started as its users do. */
export const PROGRAM = resolve(import.meta.dirname, '../../bin/inferometer');

/** The part of result_summary.json that benches read. */
export interface RunSummary {
  readonly n_samples_issued: number;
  readonly n_samples_completed: number;
  readonly n_samples_failed: number;
  readonly qps: number;
  readonly issue_delay: { readonly percentiles: Readonly<Record<string, number>> };
  readonly ttft: { readonly percentiles: Readonly<Record<string, number>> };
  readonly latency: { readonly percentiles: Readonly<Record<string, number>> };
  readonly event_stream: {
    readonly frames: number;
    readonly healed_frames: number;
    readonly lost_frames: number;
  };
}

/** A directory for a bench's data sets and runs. */
export class Workspace {
  readonly path = mkdtempSync(join(tmpdir(), 'inferometer-bench-'));
  #runs = 0;

  /** A JSON lines file of so many prompts; the text is there under the names that others want too. */
  prompts(rows: number): string {
    const path = join(this.path, `prompts-${rows}.jsonl`);
    writeFileSync(
      path,
      Array.from({ length: rows }, (_, i) => `{"prompt":"#${i} hello","text":"#${i} hello"}\n`).join(''),
    );
    return path;
  }

  /** A directory that does not exist yet. */
  freshRun(): string {
    return join(this.path, `run-${this.#runs++}`);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** `through`: a command that starts it, such as `nice -n 5`. */
export function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  through: readonly string[] = [],
): ChildProcess {
  const [command = PROGRAM, ...rest] = [...through, PROGRAM, ...args];
  return spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
}

/** The mock server of the program, in a process of its own, and its address. */
export async function startMock(
  args: readonly string[],
  through: readonly string[] = [],
): Promise<{ child: ChildProcess; url: string }> {
  const child = startProgram(['serve-mock', ...args], {}, through);
  const [banner] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, url: /http:\/\/\S+/.exec(banner.toString())![0] };
}

export interface MeasuredRun {
  readonly summary: RunSummary;
  /** Of every process of the run, from its start to its end. */
  readonly cpuSeconds: number;
}

/** A whole run; its directory is removed. Throws when it made no report or a sample failed. */
export async function measuredRun(workspace: Workspace, args: readonly string[]): Promise<MeasuredRun> {
  const out = workspace.freshRun();
  const command = ['run', '--model', 'm', '--out', out, '--events-jsonl', 'off', ...args];
  const { cpuSeconds, stderr } = await timedCommand(PROGRAM, command);
  try {
    const summary = readSummary(out);
    if (summary.n_samples_failed > 0) throw new Error(`${summary.n_samples_failed} samples failed`);
    return { summary, cpuSeconds };
  } catch (error) {
    throw new Error(`the run failed: ${stderr}`, { cause: error });
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

export function readSummary(runPath: string): RunSummary {
  return JSON.parse(readFileSync(join(runPath, 'performance/result_summary.json'), 'utf8')) as RunSummary;
}

/** The process that aggregates a run; `undefined` before it was started. */
export function aggregatorPid(runPath: string): number | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(runPath, 'run.json'), 'utf8')) as {
      readonly pids: { readonly aggregator: number | null };
    };
    return manifest.pids.aggregator ?? undefined;
  } catch {
    return undefined;
  }
}

/** What a process has used, as it was last seen alive. */
export interface ProcessUsage {
  readonly peakMb: number;
  readonly cpuSeconds: number;
}

/** Follows what processes use until they end; look often. */
export class ProcessUsages {
  readonly #usages = new Map<string, ProcessUsage>();

  /** Takes down what the kernel has counted so far, unless the process has ended. */
  note(name: string, pid: number | undefined): void {
    if (pid === undefined) return;
    const peakMb = peakMemoryMb(pid);
    const cpuSeconds = cpuSecondsOf(pid);
    if (peakMb !== undefined && cpuSeconds !== undefined) this.#usages.set(name, { peakMb, cpuSeconds });
  }

  get byName(): ReadonlyMap<string, ProcessUsage> {
    return this.#usages;
  }
}
