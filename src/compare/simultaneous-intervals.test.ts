import { describe, expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import type { SampleColumns, StoredSamples } from '../events/sample-columns.ts';
import { ThroughputRecorder } from '../stats/throughput-recorder.ts';
import { compareRuns, type Comparison } from './simultaneous-intervals.ts';
import { resampleRun } from './resample.ts';
import { type RunPart, runValues, type RunValues } from './run-values.ts';
import { settingDifferences } from './setting-differences.ts';

interface Simulation {
  readonly seed: number;
  readonly count: number;
  /** How long the load of the server stays as it is, s. */
  readonly memoryS: number;
  readonly slowdown?: number;
  readonly erroredShare?: number;
}

/** Poisson arrivals at 50/s on a server whose load wanders, so that latencies are correlated in time. */
function simulate({ seed, count, memoryS, slowdown = 1, erroredShare = 0.02 }: Simulation): SampleColumns {
  const random = new RandomSource(seed);
  const column = () => new Float64Array(count);
  const samples = {
    ...{ count, seqs: column(), rows: column(), dueNs: column(), issuedNs: column(), firstChunkNs: column() },
    ...{ firstChunkLateNs: column(), completedLateNs: column(), conversations: column(), turns: column() },
    ...{ lastChunkNs: column(), completedNs: column(), chunks: column(), inputTokens: column() },
    ...{ streamingNs: column(), streamedTokens: column(), choices: column().fill(1) },
    ...{ outputTokens: column(), workers: column(), measured: new Uint8Array(count).fill(1) },
    ...{
      outcomes: new Uint8Array(count),
      finishReasons: new Uint16Array(count),
      errorTypes: new Uint16Array(count),
      groups: new Uint16Array(count),
      attempts: new Uint8Array(count),
      retriedAfter: new Uint16Array(count),
    },
  };
  let atS = 0;
  let load = 0;
  for (let i = 0; i < count; i++) {
    const gapS = random.exponential(50);
    atS += gapS;
    const kept = Math.exp(-gapS / memoryS);
    load = kept * load + Math.sqrt(1 - kept * kept) * random.normal();
    const ttftS = slowdown * 0.05 * Math.exp(0.3 * load + 0.3 * random.normal());
    const tokens = 2 + random.below(100);
    const latencyS = ttftS + slowdown * tokens * 0.01 * Math.exp(0.1 * random.normal() + 0.2 * load);
    samples.dueNs[i] = samples.issuedNs[i] = atS * 1e9;
    samples.firstChunkNs[i] = (atS + ttftS) * 1e9;
    samples.lastChunkNs[i] = samples.completedNs[i] = (atS + latencyS) * 1e9;
    samples.streamingNs[i] = (latencyS - ttftS) * 1e9;
    samples.chunks[i] = samples.outputTokens[i] = tokens;
    samples.streamedTokens[i] = tokens - 1;
    samples.outcomes[i] = random.uniform() < erroredShare ? 2 : 1;
  }
  return samples;
}

function stored(samples: SampleColumns, chunkSamples = samples.count): StoredSamples {
  const chunks = Array.from({ length: Math.ceil(samples.count / chunkSamples) }, (_, index) => {
    const [from, to] = [index * chunkSamples, Math.min(samples.count, (index + 1) * chunkSamples)];
    const columns = Object.entries(samples).map(([name, column]) => [
      name,
      ArrayBuffer.isView(column) ? (column as Float64Array).subarray(from, to) : to - from,
    ]);
    return Object.fromEntries(columns) as SampleColumns;
  });
  const { count } = samples;
  return {
    count,
    texts: [null],
    measuringSinceNs: [0],
    chunks: () => chunks,
    close: () => undefined,
    foreignUuid: () => undefined,
    conversationIds: new Map(),
  };
}

function valuesOf(samples: SampleColumns, part?: RunPart): RunValues | undefined {
  return runValues(stored(samples), part);
}

interface Halves {
  readonly margin?: number;
  readonly replicates?: number;
}

function compare(
  before: RunValues | undefined,
  after: RunValues | undefined,
  { margin = 0, replicates = 200 }: Halves = {},
): Comparison {
  const random = new RandomSource(1);
  const [a, b] = [before, after].map((values) => resampleRun(values!, replicates, random));
  return compareRuns(a!, b!, { margin, confidence: 0.95 });
}

function compareHalves(samples: SampleColumns): Comparison {
  const middleNs = samples.issuedNs[samples.count >> 1]!;
  return compare(
    valuesOf(samples, { isPart: (atNs) => atNs < middleNs }),
    valuesOf(samples, { isPart: (atNs) => atNs >= middleNs }),
  );
}

describe('compareRuns', () => {
  it('finds the halves of a run different about as seldom as it claims', () => {
    const runs = 40;
    let different = 0;
    for (let seed = 1; seed <= runs; seed++) {
      const { differences } = compareHalves(simulate({ seed, count: 1500, memoryS: 0.4 }));
      if (differences.some(({ low, high }) => low > 0 || high < 0)) different += 1;
    }
    // 5 % are claimed, so 2 of 40; 6 or more would be there less than 2 times in 100.
    expect(different).toBeLessThan(6);
  });

  it('would see a difference in far more of them, were samples drawn one by one', () => {
    const runs = 12;
    let different = 0;
    for (let seed = 1; seed <= runs; seed++) {
      const samples = simulate({ seed, count: 2000, memoryS: 2 });
      const shuffled = new RandomSource(seed);
      // Each value keeps its half and loses its moment in it.
      const alone = (half: 0 | 1) => {
        const middleNs = samples.issuedNs[1000]!;
        const values = valuesOf(samples, {
          isPart: (atNs) => (half === 0 ? atNs < middleNs : atNs >= middleNs),
        })!;
        for (const { bins } of values.series) shuffled.shuffle(bins);
        return values;
      };
      const { differences } = compare(alone(0), alone(1));
      if (differences.some(({ low, high }) => low > 0 || high < 0)) different += 1;
    }
    expect(different).toBeGreaterThan(runs / 2);
  });

  it('finds a run worse or better that is a quarter slower or faster', () => {
    const before = valuesOf(simulate({ seed: 1, count: 4000, memoryS: 0.2 }));
    const slower = valuesOf(simulate({ seed: 2, count: 4000, memoryS: 0.2, slowdown: 1.25 }));
    const options = { margin: 0.03 };
    expect(compare(before, slower, options).judgement).toBe('worse');
    const faster = compare(slower, before, options);
    expect(faster.differences.find(({ key }) => key === 'latency_ns.p50')!.judgement).toBe('better');
    expect(faster.differences.map(({ judgement }) => judgement)).not.toContain('worse');
  });

  it('finds runs equivalent when the margin leaves room for chance', () => {
    const [before, after] = [1, 2].map((seed) => valuesOf(simulate({ seed, count: 8000, memoryS: 0.2 })));
    expect(compare(before, after, { margin: 0.5 }).judgement).toBe('equivalent');
  });

  it('counts more errors as worse, in points and not relative to none', () => {
    const sound = valuesOf(simulate({ seed: 3, count: 3000, memoryS: 0.2, erroredShare: 0 }));
    const failing = valuesOf(simulate({ seed: 4, count: 3000, memoryS: 0.2, erroredShare: 0.2 }));
    const errors = compare(sound, failing, { margin: 0.03 }).differences.find(
      ({ key }) => key === 'error_share',
    )!;
    expect(errors).toMatchObject({ baseline: 0, judgement: 'worse' });
    expect(errors.difference).toBeCloseTo(0.2, 1);
  });

  it('takes a lower throughput as worse', () => {
    const sparse = simulate({ seed: 5, count: 2000, memoryS: 0.2 });
    const stretched = { ...sparse, ...stretchedBy(1.5, sparse) };
    const throughput = compare(valuesOf(sparse), valuesOf(stretched)).differences.find(
      ({ key }) => key === 'samples_per_second',
    )!;
    expect(throughput.difference).toBeLessThan(-0.2);
    expect(throughput.judgement).toBe('worse');
    expect(throughput.atWorst).toBeGreaterThan(0);
  });

  it('says when runs are too short for their correlation', () => {
    expect(compareHalves(simulate({ seed: 6, count: 300, memoryS: 5 })).tooShort).toBe(true);
    expect(compareHalves(simulate({ seed: 6, count: 8000, memoryS: 0.05 })).tooShort).toBe(false);
  });

  it('shows no percentile with fewer than ten values beyond it', () => {
    const keys = (count: number) =>
      compareHalves(simulate({ seed: 7, count, memoryS: 0.1 })).differences.map(({ key }) => key);
    expect(keys(1800)).not.toContain('ttft_ns.p99');
    expect(keys(2200)).toContain('ttft_ns.p99');
  });
});

/** All stamps later by a factor, latencies kept. */
function stretchedBy(factor: number, samples: SampleColumns) {
  const shifts = samples.issuedNs.map((ns) => ns * (factor - 1));
  const moved = (column: Float64Array) => column.map((ns, i) => ns + shifts[i]!);
  return {
    dueNs: moved(samples.dueNs),
    issuedNs: moved(samples.issuedNs),
    firstChunkNs: moved(samples.firstChunkNs),
    lastChunkNs: moved(samples.lastChunkNs),
    completedNs: moved(samples.completedNs),
  };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

describe('runValues', () => {
  it('are the same however the samples are cut into chunks', () => {
    const samples = simulate({ seed: 11, count: 1000, memoryS: 1 });
    expect(runValues(stored(samples, 37))).toEqual(runValues(stored(samples)));
  });

  it('has nothing of a run in which nothing was measured', () => {
    const samples = simulate({ seed: 1, count: 10, memoryS: 1 });
    expect(valuesOf({ ...samples, measured: new Uint8Array(10) })).toBeUndefined();
  });

  it('lasts until issuing ends, however late a sample ends', () => {
    const samples = simulate({ seed: 1, count: 100, memoryS: 1 });
    const { durationS, totals } = valuesOf(samples)!;
    expect(durationS).toBeCloseTo((samples.issuedNs.at(-1)! - samples.issuedNs[0]!) / 1e9, 2);
    samples.completedNs[50] = 300e9;
    const hanging = valuesOf(samples)!;
    expect(hanging.durationS).toBeCloseTo(durationS, 3);
    const rateOf = ({ amounts, coveredS }: (typeof totals)[number]) => sum(amounts) / sum(coveredS);
    expect(rateOf(hanging.totals[0]!) / rateOf(totals[0]!)).toBeGreaterThan(0.9);
  });

  it('has the throughput that a report tells', () => {
    const samples = simulate({ seed: 9, count: 400, memoryS: 1 });
    samples.completedNs[7] = 60e9;
    const recorder = new ThroughputRecorder();
    recorder.start(0);
    samples.issuedNs.forEach((issuedNs) => recorder.onIssued(issuedNs));
    samples.issuedNs.forEach((issuedNs, i) => {
      recorder.onEnded(issuedNs, samples.completedNs[i]!, samples.outcomes[i] === 1);
      recorder.onTokens(samples.firstChunkNs[i]!, samples.lastChunkNs[i]!, samples.outputTokens[i]!);
    });
    const told = recorder.throughput()!;
    const { metrics } = resampleRun(valuesOf(samples)!, 1, new RandomSource(1));
    const valueOf = (wanted: string) => metrics.find(({ key }) => key === wanted)!.value;
    expect(valueOf('samples_per_second')).toBeCloseTo(told.succeeded_per_second, 9);
    expect(valueOf('output_tokens_per_second')).toBeCloseTo(told.output_tokens_per_second, 6);
  });

  it('leaves the pauses out', () => {
    const samples = simulate({ seed: 9, count: 400, memoryS: 1 });
    const calm = valuesOf(samples)!;
    const halfNs = samples.issuedNs[200]!;
    const later = samples.issuedNs.map((issuedNs) => (issuedNs >= halfNs ? 100e9 : 0));
    const moved = (column: Float64Array) => column.map((ns, i) => ns + later[i]!);
    const paused = valuesOf(
      {
        ...samples,
        ...{ issuedNs: moved(samples.issuedNs), completedNs: moved(samples.completedNs) },
        ...{ firstChunkNs: moved(samples.firstChunkNs), lastChunkNs: moved(samples.lastChunkNs) },
      },
      { resumedNs: [halfNs + 90e9] },
    )!;
    const seconds = ({ totals }: typeof calm) => sum(totals[0]!.coveredS);
    expect(seconds(paused)).toBeLessThan(seconds(calm));
    expect(sum(paused.totals[0]!.amounts) / seconds(paused)).toBeGreaterThan(40);
  });

  it('leaves out what is due nowhere, and samples of one chunk where time between chunks or tokens is meant', () => {
    const samples = simulate({ seed: 1, count: 100, memoryS: 1 });
    samples.dueNs.fill(NaN);
    samples.chunks.fill(1);
    const keys = valuesOf(samples)!.series.map(({ key }) => key);
    expect(keys).toEqual(['ttft_ns', 'latency_ns']);
  });
});

describe('settingDifferences', () => {
  it('names the leaves that differ, also those only one has', () => {
    expect(
      settingDifferences(
        { load: { rate: 5, pattern: 'poisson' }, list: [1, 2], gone: null },
        { load: { rate: 6, pattern: 'poisson' }, list: [1, 2], new: 'x' },
      ),
    ).toEqual([
      { path: 'gone', baseline: null, value: undefined },
      { path: 'load.rate', baseline: 5, value: 6 },
      { path: 'new', baseline: undefined, value: 'x' },
    ]);
  });
});
