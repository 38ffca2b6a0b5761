import { parseDecimal } from '../../config/units.ts';
import { InferometerError } from '../../core/errors.ts';
import { NS_PER_MS } from '../../core/time.ts';
import type { RunLoad } from '../../report/error-bound.ts';

/** One load to calibrate at: Poisson arrivals, so many streams at a time, a chunk of each stream every so often. */
export interface GridCell {
  readonly requestsPerSecond: number;
  readonly streams: number;
  readonly intervalMs: number;
}

export const FULL_GRID: readonly GridCell[] = [
  cell(10, 10, 20),
  cell(25, 50, 10),
  cell(50, 100, 20),
  cell(100, 100, 10),
  cell(250, 250, 20),
  cell(125, 250, 10),
  cell(500, 250, 10),
  cell(1000, 500, 50),
  cell(1000, 500, 20),
];

export const QUICK_GRID: readonly GridCell[] = [cell(10, 10, 20), cell(100, 100, 10), cell(125, 250, 10)];

function cell(requestsPerSecond: number, streams: number, intervalMs: number): GridCell {
  return { requestsPerSecond, streams, intervalMs };
}

const LARGEST = 100_000;
/** A cell takes about four times as long. */
const LONGEST_ANSWER_MS = 60_000;

/**
 * Reads `RATExSTREAMSxMS` cells with commas between them, such as `25x50x20,125x250x10`. Throws `INFEROMETER_CALIBRATE_GRID`
 * (input).
 */
export function parseGrid(text: string): readonly GridCell[] {
  return text.split(',').map((part) => {
    const numbers = part.trim().split('x').map(parseDecimal);
    const [rate, streams, intervalMs] = numbers;
    if (numbers.length !== 3 || !numbers.every((number) => number !== undefined && number > 0)) {
      throw gridError(part, 'requests/s x streams x ms between chunks, such as 125x250x10');
    }
    const loads = cell(rate!, streams!, intervalMs!);
    if (numbers.some((number) => number! > LARGEST) || answerMs(loads) > LONGEST_ANSWER_MS) {
      throw gridError(
        part,
        `numbers up to ${LARGEST}, and answers (streams / requests/s) of at most ${LONGEST_ANSWER_MS / 1000} s`,
      );
    }
    return loads;
  });
}

function gridError(part: string, allowed: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_CALIBRATE_GRID',
    'input',
    `--grid must be ${allowed} (got "${part.trim()}")`,
  );
}

/** Chunks of each answer that make for so many streams at a time; at least one. */
export function chunksPerAnswer({ requestsPerSecond, streams, intervalMs }: GridCell): number {
  return Math.max(1, Math.round(((streams / requestsPerSecond) * 1000) / intervalMs));
}

/** Mean time an answer takes on the server: the first chunk comes after one interval. */
export function answerMs(of: GridCell): number {
  return chunksPerAnswer(of) * of.intervalMs;
}

/** The mean load in the time of steady load. */
export function nominalLoad(of: GridCell): RunLoad {
  return {
    requestsPerSecond: of.requestsPerSecond,
    streams: (of.requestsPerSecond * answerMs(of)) / 1000,
    chunksPerSecond: of.requestsPerSecond * chunksPerAnswer(of),
  };
}

/** When a cell sends and when it is compared. */
export interface CellTiming {
  /** Before the streams are as many as they will be, and before the code is warm: not compared. */
  readonly rampNs: number;
  readonly measuredNs: number;
}

const LEAST_RAMP_MS = 500;

export function cellTiming(of: GridCell, measuredMs: number): CellTiming {
  return {
    rampNs: Math.max(LEAST_RAMP_MS, 1.5 * answerMs(of)) * NS_PER_MS,
    measuredNs: measuredMs * NS_PER_MS,
  };
}

/** Flags of the mock server for a cell. Times vary a little from one to the next, so that streams don't stay in step. */
export function serverFlags(of: GridCell): readonly string[] {
  const time = `normal:${of.intervalMs},${of.intervalMs * 0.2}`;
  return [
    ...['--ttft', time, '--inter-token', time, '--output-tokens', `fixed:${chunksPerAnswer(of)}`],
    ...['--pacing', 'precise'],
  ];
}
