import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runConfigSchema, type RunConfig } from '../../config/schema.ts';
import { EXIT_CODES, InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { NS_PER_MS } from '../../core/time.ts';
import type { CalibratedCell } from '../../report/error-bound.ts';
import { engineLimits } from '../machine/engine-limits.ts';
import { startMockProcess } from '../machine/mock-process.ts';
import { runBenchmark } from '../run/run-benchmark.ts';
import type { RunScreen } from '../run/run-screen.ts';
import { calibratedLoad, compareWithTruth } from './truth-comparison.ts';
import { answerMs, cellTiming, nominalLoad, serverFlags, type CellTiming, type GridCell } from './grid.ts';
import { readSeenRun } from './seen-samples.ts';
import { fetchTruth } from './server-truth.ts';

export interface CalibrateOptions {
  /** Path of the program's entry, to start the mock server by. */
  readonly program: string;
  /** Time of steady load compared. */
  readonly measuredMs: number;
  readonly log: Log;
}

/**
 * Measures the client's own error at one load: a run as any other against the mock server in a process of its own, then
 * each sample beside what the server knows of it. Takes the measured time, the ramp before it and a second or two.
 *
 * Throws `InferometerError`: `INFEROMETER_CALIBRATE_RUN` when the run did not come to its end, `INFEROMETER_CALIBRATE_NOTHING` when
 * no sample could be compared.
 */
export async function calibrateCell(cell: GridCell, options: CalibrateOptions): Promise<CalibratedCell> {
  const { program, measuredMs, log } = options;
  const place = await mkdtemp(join(tmpdir(), 'inferometer-calibrate-'));
  try {
    const server = await startMockProcess(program, serverFlags(cell));
    try {
      return await measure(cell, { place, url: server.url, timing: cellTiming(cell, measuredMs), log });
    } finally {
      await server.stop();
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

interface Measurement {
  /** Directory for the dataset and the run. */
  readonly place: string;
  readonly url: string;
  readonly timing: CellTiming;
  readonly log: Log;
}

async function measure(cell: GridCell, { place, url, timing, log }: Measurement): Promise<CalibratedCell> {
  const dataset = join(place, 'prompts.jsonl');
  const rows = rowsFor(cell, timing);
  await writeFile(dataset, Array.from({ length: rows }, (_, row) => promptLine(row)).join(''));
  const outPath = join(place, 'run');
  const config = configFor(cell, timing, { url, dataset, rows });
  const exitCode = await runBenchmark(config, {
    outPath,
    screen: quietScreen(log),
  });
  // An invalid result is one too: the error at this load is what is asked for.
  if (exitCode !== EXIT_CODES.ok && exitCode !== EXIT_CODES.result) throw endedEarly(exitCode);
  const run = await readSeenRun(join(outPath, 'run.log'));
  const truths = await fetchTruth(url, run.originNs);
  const startNs = run.samples.reduce((first, { issuedNs }) => Math.min(first, issuedNs), Infinity);
  const fromNs = startNs + timing.rampNs;
  const found = compareWithTruth(run.samples, truths, { fromNs, toNs: fromNs + timing.measuredNs });
  if (found.latency === null) {
    throw new InferometerError(
      'INFEROMETER_CALIBRATE_NOTHING',
      'execution',
      `calibrate: none of ${run.samples.length} samples could be compared with what the server did`,
    );
  }
  if (found.unmatched > 0) {
    log.warning(`${found.unmatched} of ${run.samples.length} samples failed or are unknown to the server`);
  }
  const { ttft, chunkGap, latency } = found;
  const load = calibratedLoad(nominalLoad(cell), found.load, timing.measuredNs / 1e9);
  const { workers } = engineLimits(config);
  return { load, workers, calibratedAt: new Date().toISOString(), ttft, chunkGap, latency };
}

/** Rows enough for every arrival to have one of its own, by six standard deviations. */
function rowsFor(cell: GridCell, timing: CellTiming): number {
  const arrivals = cell.requestsPerSecond * ((timing.rampNs + timing.measuredNs) / 1e9);
  return Math.ceil(arrivals + 6 * Math.sqrt(arrivals) + 10);
}

/** The number is what the server knows a row by. */
function promptLine(row: number): string {
  return `${JSON.stringify({ prompt: `#${row} say something of the usual length about nothing at all` })}\n`;
}

const DEFAULT_CONNECTIONS = 1024;

function configFor(
  cell: GridCell,
  { rampNs, measuredNs }: CellTiming,
  { url, dataset, rows }: { readonly url: string; readonly dataset: string; readonly rows: number },
): RunConfig {
  const connections = Math.ceil(2 * nominalLoad(cell).streams);
  return runConfigSchema.parse({
    endpoints: [url],
    model: 'mock',
    dataset,
    load: { pattern: 'poisson', rate_per_second: cell.requestsPerSecond },
    stop: { samples: rows, duration_ms: (rampNs + measuredNs) / NS_PER_MS },
    sample_order: 'sequential',
    client: connections > DEFAULT_CONNECTIONS ? { max_connections: connections } : {},
    drain_timeout_ms: 10_000 + 10 * answerMs(cell),
    events_jsonl: 'off',
    report_html: false,
  });
}

/** Warnings only: a cell has a line of its own. */
function quietScreen(log: Log): RunScreen {
  const nothing = () => undefined;
  return {
    log: { ...log, info: nothing },
    isInteractive: false,
    started: nothing,
    phase: nothing,
    snapshot: nothing,
    step: nothing,
    finished: nothing,
    close: nothing,
  };
}

function endedEarly(exitCode: number): InferometerError {
  return new InferometerError(
    'INFEROMETER_CALIBRATE_RUN',
    exitCode === EXIT_CODES.interrupted ? 'interrupted' : 'execution',
    exitCode === EXIT_CODES.interrupted
      ? 'calibrate: stopped; what was measured up to here is kept'
      : `calibrate: the run ended with exit code ${exitCode}`,
  );
}
