import { InferometerError } from '../core/errors.ts';
import type { ValueKind } from './snapshot.ts';

/** The percentiles of a series unless others are asked for, in the order they are published. */
export const DEFAULT_PERCENTILES: readonly number[] = [99.9, 99, 97, 95, 90, 80, 75, 50, 25, 10, 5, 1];

/** How a series keeps and shows its values. */
export interface SeriesOptions {
  /** Kind of the values. Default `'int'`. */
  readonly valueKind?: ValueKind;
  /** Lowest value the live histogram tells apart; raised to 1. */
  readonly hdrLow: number;
  /** Highest value the live histogram tells apart; at least twice `hdrLow`. */
  readonly hdrHigh: number;
  /** Decimal digits of the live histogram, 1 to 5. Default 3. */
  readonly significantFigures?: number;
  /** Buckets of the published histogram. Default 30. */
  readonly bucketCount?: number;
  /** Percentiles published, each from 0 to 100, 50 among them. Default {@link DEFAULT_PERCENTILES}. */
  readonly percentiles?: readonly number[];
  /** Whether the exact statistics carry MLPerf early-stopping estimates. Default false. */
  readonly earlyStopping?: boolean;
  /** Bytes of raw values held in memory before they move to a file. Default: no bound. */
  readonly rawBudgetBytes?: number;
  /** Where the raw values past the budget go, in a file without a name: gone when the series is closed or the process ends. */
  readonly spillDirectory?: string;
}

/** Options of a series with its defaults filled in. */
export type ResolvedSeriesOptions = Required<Omit<SeriesOptions, 'rawBudgetBytes' | 'spillDirectory'>>;

/** Fills in the defaults. Throws `INFEROMETER_METRICS_SERIES` when an option is out of its domain. */
export function resolveSeriesOptions(name: string, options: SeriesOptions): ResolvedSeriesOptions {
  const resolved = {
    valueKind: options.valueKind ?? 'int',
    hdrLow: Math.max(1, options.hdrLow),
    hdrHigh: options.hdrHigh,
    significantFigures: options.significantFigures ?? 3,
    bucketCount: options.bucketCount ?? 30,
    percentiles: options.percentiles ?? DEFAULT_PERCENTILES,
    earlyStopping: options.earlyStopping ?? false,
  };
  const fault = faultOf(resolved);
  if (fault !== undefined) {
    throw new InferometerError('INFEROMETER_METRICS_SERIES', 'internal', `series ${name}: ${fault}`);
  }
  return resolved;
}

function faultOf(options: ResolvedSeriesOptions): string | undefined {
  const { valueKind, hdrLow, hdrHigh, significantFigures, bucketCount, percentiles } = options;
  if (valueKind !== 'int' && valueKind !== 'float') {
    return `the value kind must be 'int' or 'float' (got ${String(valueKind)})`;
  }
  if (!(hdrHigh >= 2 * hdrLow)) return `histogram high ${hdrHigh} is below twice its low ${hdrLow}`;
  if (!Number.isSafeInteger(hdrLow) || !Number.isSafeInteger(hdrHigh)) {
    return `histogram bounds must be whole numbers (got ${hdrLow} and ${hdrHigh})`;
  }
  if (!(Number.isInteger(significantFigures) && significantFigures >= 1 && significantFigures <= 5)) {
    return `significant figures must be 1 to 5 (got ${significantFigures})`;
  }
  if (!(Number.isInteger(bucketCount) && bucketCount >= 1))
    return `there must be at least 1 bucket (got ${bucketCount})`;
  if (!percentiles.every((p) => p >= 0 && p <= 100)) {
    return `each percentile must be from 0 to 100 (got ${percentiles.join(' ')})`;
  }
  if (!percentiles.includes(50)) return `the percentiles must include 50 (got ${percentiles.join(' ')})`;
  return undefined;
}
