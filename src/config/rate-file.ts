import { readFileSync, statSync } from 'node:fs';
import { InferometerError } from '../core/errors.ts';
import { isWithin, RATE_PER_SECOND } from '../core/load-ranges.ts';
import { countText } from '../core/quantity-text.ts';
import { parseCsv } from '../dataset/csv.ts';
import { itemLines, parseJson } from '../dataset/json-value.ts';
import { shown } from '../dataset/row.ts';
import type { RunConfig } from './schema.ts';
import type { StageConfig } from './stages.ts';
import { parseDecimal } from './units.ts';

/** Rows of a file at most: each worker of the engine holds them all. */
const MAX_ROWS = 10_000;
/** Far above what so many rows take. */
const MAX_BYTES = 2 ** 24;
/** The longest a run may be: see the schema. */
const MAX_SECONDS = 2400 * 3600;

/** A rate at a time, and where the file has it. */
interface Point {
  readonly place: string;
  readonly second: number;
  readonly rate: number;
}

/** The configuration with the stages of files in the place of the files' paths. */
export function withStagesOfFile(config: RunConfig): RunConfig {
  const phases = config.phases?.map((phase) =>
    phase.load === undefined ? phase : { ...phase, load: stagedLoad(phase.load) },
  );
  return { ...config, load: stagedLoad(config.load), phases };
}

function stagedLoad(given: RunConfig['load']): RunConfig['load'] {
  const { stages_file: path, ...load } = given;
  return path === undefined ? given : { ...load, stages: [...readRateFile(path)] };
}

/**
 * The stages of a file of rates: CSV with the columns `second` and `rate` (others are ignored), or a JSON list of objects with these
 * or of pairs. Between two rows the rate goes in a straight line from one to the other; two rows of the same second are a step.
 *
 * Throws `INFEROMETER_RATE_FILE` (input) with file and line for what can't be used.
 */
export function readRateFile(path: string): readonly StageConfig[] {
  const bytes = bytesOf(path);
  const rows = path.endsWith('.json') ? jsonRows(bytes, path) : csvRows(bytes, path);
  if (rows.length > MAX_ROWS) {
    throw rateFileError(
      path,
      `has ${countText(rows.length)} rows; at most ${countText(MAX_ROWS)} are allowed: take longer steps`,
    );
  }
  const points = rows.map(({ place, second, rate }) => pointOf(place, second, rate));
  checkOrder(points, path);
  return points.flatMap((point, index) => stagesTo(point, points[index - 1]));
}

/** A straight line from the row before; the first rate, and a step, are stages that take no time. */
function stagesTo({ second, rate }: Point, before: Point | undefined): readonly StageConfig[] {
  if (second === (before?.second ?? 0)) return [{ rate_per_second: rate, duration_ms: 0 }];
  return [{ ramp_to_per_second: rate, duration_ms: (second - before!.second) * 1000 }];
}

function checkOrder(points: readonly Point[], path: string): void {
  const [first, second] = points;
  if (first === undefined || second === undefined) {
    throw rateFileError(path, 'needs at least two rows: the load runs from one to the next');
  }
  if (first.second !== 0)
    throw rateFileError(first.place, `the first row must be of second 0 (got ${first.second})`);
  for (const [index, { place, second: at }] of points.entries()) {
    const before = points[index - 1]?.second ?? 0;
    if (at < before) throw rateFileError(place, `second ${at} comes before ${before}, that of the row above`);
  }
  if (points.at(-1)!.second === 0) throw rateFileError(path, 'must last longer than 0 seconds');
  if (points.every(({ rate }) => rate === 0))
    throw rateFileError(path, 'has no request: a row needs a rate above 0');
}

interface Row {
  readonly place: string;
  readonly second: unknown;
  readonly rate: unknown;
}

function pointOf(place: string, second: unknown, rate: unknown): Point {
  const seconds = numberOf(second);
  if (seconds === undefined || seconds < 0 || seconds > MAX_SECONDS) {
    throw rateFileError(place, `second must be a number from 0 to ${MAX_SECONDS} (got ${given(second)})`);
  }
  const perSecond = numberOf(rate);
  if (perSecond === undefined || (perSecond !== 0 && !isWithin(RATE_PER_SECOND, perSecond))) {
    throw rateFileError(place, `rate must be 0 or ${RATE_PER_SECOND.allowed} (got ${given(rate)})`);
  }
  return { place, second: seconds, rate: perSecond };
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string') return parseDecimal(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function given(value: unknown): string {
  return value === undefined ? 'nothing' : shown(value);
}

function csvRows(bytes: Buffer, path: string): readonly Row[] {
  return parseCsv(bytes, path).map(({ place, read }) => {
    const { second, rate } = read() as Readonly<Record<string, unknown>>;
    if (second === undefined || rate === undefined) {
      throw rateFileError(`${path}:1`, 'the first line must name the columns second and rate');
    }
    return { place: place(), second, rate };
  });
}

function jsonRows(bytes: Buffer, path: string): readonly Row[] {
  const text = bytes.toString('utf8');
  const list = parseJson(text, path, 0);
  const allowed = 'must be a list of {"second": 0, "rate": 10} or of [0, 10]';
  if (!Array.isArray(list)) throw rateFileError(path, allowed);
  const lines = itemLines(text);
  return list.map((item: unknown, index) => {
    const place = `${path}:${lines[index]}`;
    if (Array.isArray(item) && item.length === 2) {
      const [second, rate] = item as readonly unknown[];
      return { place, second, rate };
    }
    if (typeof item !== 'object' || item === null || Array.isArray(item))
      throw rateFileError(place, `${allowed} (got ${shown(item)})`);
    const { second, rate } = item as Readonly<Record<string, unknown>>;
    return { place, second, rate };
  });
}

function bytesOf(path: string): Buffer {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw rateFileError(path, 'there is no such file');
  if (!found.isFile()) throw rateFileError(path, 'is not a file');
  if (found.size > MAX_BYTES)
    throw rateFileError(path, `has ${countText(found.size)} bytes; at most ${countText(MAX_BYTES)} are read`);
  return readFileSync(path);
}

function rateFileError(place: string, what: string): InferometerError {
  return new InferometerError('INFEROMETER_RATE_FILE', 'input', `--stages ${place}: ${what}`);
}
