import { InferometerError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { LogDistribution } from '../core/run-history.ts';
import { ExactSums } from '../stats/exact-sums.ts';
import { FloatSums } from '../stats/float-sums.ts';
import { HdrHistogram } from '../stats/hdr.ts';
import { logDistributionOf } from '../stats/log-distribution.ts';
import { RawValues } from '../stats/raw-values.ts';
import { resolveSeriesOptions, type ResolvedSeriesOptions, type SeriesOptions } from './series-options.ts';
import { exactDistribution, liveDistribution, type SeriesValues } from './series-statistics.ts';
import type { CounterSnapshot, ExactInteger, SeriesSnapshot, ValueKind } from './snapshot.ts';

/** A number that is added to or overwritten. Integer counters hold safe integers only. */
export class CounterSampler {
  readonly name: string;
  readonly valueKind: ValueKind;
  #value = 0;

  constructor(name: string, valueKind: ValueKind = 'int') {
    this.name = name;
    this.valueKind = valueKind;
  }

  get value(): number {
    return this.#value;
  }

  /**
   * Adds `delta`, which may be negative. Throws `INFEROMETER_METRICS_VALUE` when the result is not of the counter's kind.
   * @hot
   */
  add(delta: number): void {
    this.set(this.#value + delta);
  }

  /**
   * Overwrites the value. Throws `INFEROMETER_METRICS_VALUE` when it is not of the counter's kind.
   * @hot
   */
  set(value: number): void {
    if (!isOfKind(value, this.valueKind)) throw wrongValue(this.name, this.valueKind, value);
    this.#value = value;
  }

  build(): CounterSnapshot {
    return { type: 'counter', name: this.name, valueKind: this.valueKind, value: this.#value };
  }
}

/**
 * A distribution of values: exact count, sums, extremes and every raw value, and beside them an HDR histogram for the
 * live view.
 *
 * The histogram sees values clamped to `[hdrLow, hdrHigh]` and cut to whole numbers; everything else sees them as they
 * are, negative ones included. Recording costs about 30 ns and allocates once in many thousand values; memory is 8 bytes
 * a value up to the budget, and 270 KB for a histogram of three figures up to an hour of nanoseconds.
 */
export class SeriesSampler {
  readonly name: string;
  readonly valueKind: ValueKind;
  readonly #options: ResolvedSeriesOptions;
  readonly #log: Log;
  readonly #sums: ExactSums | FloatSums;
  readonly #hdr: HdrHistogram;
  readonly #raw: RawValues;
  #min = Infinity;
  #max = -Infinity;
  #belowHdrCount = 0;
  #toldOfClamp = false;

  /** Throws `INFEROMETER_METRICS_SERIES` when an option is out of its domain. */
  constructor(name: string, options: SeriesOptions, log: Log) {
    this.name = name;
    this.#options = resolveSeriesOptions(name, options);
    this.valueKind = this.#options.valueKind;
    this.#log = log;
    this.#sums = this.valueKind === 'int' ? new ExactSums() : new FloatSums();
    this.#hdr = new HdrHistogram(
      this.#options.hdrLow,
      this.#options.hdrHigh,
      this.#options.significantFigures,
    );
    this.#raw = new RawValues({
      budgetBytes: options.rawBudgetBytes,
      spillDirectory: options.spillDirectory,
      onSpillError: (error) =>
        log.warning(`series ${name}: cannot spill raw values, keeping them in memory: ${error.message}`),
    });
  }

  /**
   * Adds one value. Throws `INFEROMETER_METRICS_VALUE` when it is not finite, or no safe integer in an integer series.
   * @hot
   */
  record(value: number): void {
    if (!isOfKind(value, this.valueKind)) throw wrongValue(this.name, this.valueKind, value);
    this.#sums.add(value);
    this.#raw.push(value);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    const { hdrLow, hdrHigh } = this.#options;
    if (value >= hdrLow && value <= hdrHigh) this.#hdr.record(value);
    else this.#recordClamped(value);
  }

  get count(): number {
    return this.#raw.count;
  }

  /** The values as the live view counts them: clamped, cut to whole numbers. For reading. */
  get hdr(): HdrHistogram {
    return this.#hdr;
  }

  get total(): ExactInteger {
    return this.#sums.total;
  }

  /** The lowest value as recorded; 0 when empty. */
  get min(): number {
    return this.count === 0 ? 0 : this.#min;
  }

  /** The highest value as recorded; 0 when empty. */
  get max(): number {
    return this.count === 0 ? 0 : this.#max;
  }

  /**
   * The values recorded since the last call: a view, valid until the next record. Only for the one who set {@link onManyNew}, and
   * called then too.
   */
  takeNew(): Float64Array {
    return this.#raw.takeNew();
  }

  /** Called before {@link takeNew} would lose values, once in many thousand. */
  set onManyNew(listener: () => void) {
    this.#raw.onChunkFull = listener;
  }

  /** Every value in the order recorded. Record nothing while iterating. */
  *values(): Generator<number> {
    for (const chunk of this.#raw.chunks()) yield* chunk;
  }

  /**
   * The statistics now: from the raw values when `exact`, else from the histogram.
   *
   * Live costs some 50 µs whatever the count; exact takes one pass over the values (about 0.1 s for ten million).
   */
  build(exact: boolean): SeriesSnapshot {
    const { count, min, max, valueKind, name } = this;
    const range = { count, min, max };
    const distribution = exact
      ? exactDistribution(range, this.#countedValues(), this.#options, (reason) =>
          this.#log.error(`series ${name}: no early-stopping estimates: ${reason}`),
        )
      : liveDistribution(range, this.#hdr, this.#options);
    const { total, sumSq, sumSqExact, stdDev } = this.#sums;
    const extras = sumSqExact === undefined ? { stdDev } : { sumSqExact, stdDev };
    return { type: 'series', name, valueKind, count, total, min, max, sumSq, ...distribution, ...extras };
  }

  /** The values in the buckets that all runs share, from the histogram. Costs some 50 µs whatever the count. */
  logDistribution(): LogDistribution {
    return logDistributionOf(this.#hdr, this.#belowHdrCount);
  }

  /** Lets go of the spill file. Nothing may be recorded or built afterwards. Idempotent. */
  close(): void {
    this.#raw.close();
  }

  #countedValues(): SeriesValues {
    return { chunks: () => this.#raw.chunks(), hdr: this.#hdr, areIntegers: this.valueKind === 'int' };
  }

  #recordClamped(value: number): void {
    const { hdrLow, hdrHigh } = this.#options;
    if (value < hdrLow) this.#belowHdrCount += 1;
    this.#hdr.record(value < hdrLow ? hdrLow : hdrHigh);
    if (this.#toldOfClamp) return;
    this.#toldOfClamp = true;
    // Ordinary for gaps of 0 ns between chunks of one read, and the exact statistics are not touched: no warning.
    this.#log.info(
      `series ${this.name}: value ${value} is outside [${hdrLow}, ${hdrHigh}] and clamped in live histograms (told once)`,
    );
  }
}

/** @hot */
function isOfKind(value: number, kind: ValueKind): boolean {
  return kind === 'int' ? Number.isSafeInteger(value) : Number.isFinite(value);
}

function wrongValue(name: string, kind: ValueKind, value: number): InferometerError {
  const wanted = kind === 'int' ? 'a whole number below 2^53' : 'a finite number';
  return new InferometerError(
    'INFEROMETER_METRICS_VALUE',
    'internal',
    `metric ${name}: a value must be ${wanted} (got ${value})`,
  );
}
