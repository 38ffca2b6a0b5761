import { readFileSync } from 'node:fs';
import { readFrames } from '../../src/runlog/read.ts';
import { type Program, waitFor, Workbench } from './program.ts';

/** What tests read of `run.json`. */
export interface ManifestFile {
  readonly pids: { readonly main: number; readonly aggregator: number | null };
  readonly addresses: { readonly events: string };
  readonly outcome: {
    readonly state: string;
    readonly report_source?: string;
    readonly aggregator_restarts?: number;
  };
}

/** What they read of `metrics/final_snapshot.json`. */
export interface SnapshotFile {
  readonly state: string;
  readonly metrics: readonly { readonly name: string; readonly value: number; readonly count: number }[];
  readonly extras: { readonly event_stream: Record<string, number>; readonly in_flight: number };
}

const LATENCY = ['--ttft', 'fixed:20', '--inter-token', 'fixed:5', '--output-tokens', 'fixed:8'];

/** A workbench for runs whose directory is `run`, and which are disturbed. */
export class RunBench extends Workbench {
  /** A mock server with short and steady answers. */
  steadyMock(): Promise<string> {
    return this.mock(...LATENCY);
  }

  /** Starts a run at a constant rate against a server of its own, and waits until it measures. */
  async startLoad(
    seconds: number,
    rate = 200,
    ...more: string[]
  ): Promise<{ run: Program; aggregatorPid: number }> {
    const load = ['--pattern', 'constant', '--rate', String(rate), '--duration', `${seconds}s`];
    const run = this.start(this.runArgs(await this.steadyMock(), 50, ...load, ...more));
    const aggregatorPid = await this.aggregator();
    await run.waitForOutput(/measuring/);
    return { run, aggregatorPid };
  }

  manifest(): ManifestFile {
    return this.json<ManifestFile>('run/run.json');
  }

  finalSnapshot(): SnapshotFile {
    return this.json<SnapshotFile>('run/metrics/final_snapshot.json');
  }

  /** Pid of the aggregator once it is not `before` and has been running for a moment. */
  async aggregator(before?: number): Promise<number> {
    return waitFor(() => {
      const pid = this.tryJson<ManifestFile>('run/run.json')?.pids.aggregator;
      return pid !== null && pid !== undefined && pid !== before && pid;
    }, 'aggregator');
  }

  /** How many frames the run's log has, once they are `fewest`. */
  async framesInLog(fewest: number): Promise<number> {
    for (;;) {
      let frames = 0;
      for await (const frame of readFrames(this.file('run/run.log'))) frames = frame.seq + 1;
      if (frames >= fewest) return frames;
      await sleep(200);
    }
  }
}

/** The aggregator of a run. A child that is stopped before it runs its own program would hold up whoever starts it. */
export async function aggregatorOf(pid: number): Promise<number> {
  const child = () => {
    const found = /^\d+/.exec(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))?.[0];
    const isItself =
      found !== undefined && readFileSync(`/proc/${found}/cmdline`, 'utf8').includes('aggregator');
    return isItself ? found : undefined;
  };
  return Number(await waitFor(child, 'child process'));
}

/** Processes that a process has started and that have not ended. */
export function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export const counter = (snapshot: SnapshotFile, name: string) =>
  snapshot.metrics.find((metric) => metric.name === name)!.value;

export const residentMb = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
