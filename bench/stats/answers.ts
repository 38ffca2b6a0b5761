/**
 * How often the answers of docs/answers.md and docs/studies.md are right, by simulation: intervals of runs that end once a figure is known well enough, the steady state of runs of which
 * it is known, searches for the capacity of a queue, and comparisons of repeats.
 *
 * Usage: npm run bench:answers [-- --rounds 400]
 */
import { parseArgs } from 'node:util';
import { RandomSource } from '../../src/core/random.ts';
import { alignColumns } from '../../src/core/text-table.ts';
import { HdrHistogram } from '../../src/stats/hdr.ts';
import { intervalRanks, type IntervalRanks } from '../../src/stats/quantile-interval.ts';
import { sequenceRanks } from '../../src/stats/quantile-sequence.ts';
import { steadyWindow } from '../../src/stats/steady-window.ts';
import { type CellPair, compareCells } from '../../src/compare/repeated-cells.ts';
import { keepsGrowing } from '../../src/studies/backlog.ts';
import { CapacitySearch } from '../../src/studies/capacity-search.ts';
import {
  capacityOfQueue,
  type ObservedQueue,
  observeQueue,
  type SimulatedServer,
} from '../../src/testing/simulated-queue.ts';

const { values: flags } = parseArgs({ options: { rounds: { type: 'string', default: '400' } } });
const rounds = Number(flags.rounds);

/** A run of lognormal times around 100 ms, looked at every 100, that ends once both ends are within the tolerance. */
function stopped(
  random: RandomSource,
  ranksOf: (count: number, percentile: number) => IntervalRanks,
  percentile: number,
  tolerance: number,
) {
  const hdr = new HdrHistogram(1, 3.6e12, 3);
  for (;;) {
    for (let i = 0; i < 100; i++) hdr.record(Math.round(1e8 * Math.exp(0.5 * random.normal())));
    const { lower, upper } = ranksOf(hdr.count, percentile);
    if (lower === undefined || upper === undefined) continue;
    const value = hdr.quantiles([percentile])[0]!;
    const [low, high] = [hdr.bucketAtRank(lower - 1).lowest, hdr.bucketAtRank(upper - 1).highest];
    if (low >= value * (1 - tolerance) && high <= value * (1 + tolerance))
      return { low, high, count: hdr.count };
  }
}

const SCORES: Readonly<Record<number, number>> = { 50: 0, 90: 1.2815515655446004, 99: 2.3263478740408408 };

function untilRows(): readonly (readonly string[])[] {
  return [
    [50, 0.03],
    [90, 0.05],
    [99, 0.1],
  ].map(([percentile, tolerance]) => {
    const truth = 1e8 * Math.exp(0.5 * SCORES[percentile!]!);
    const of = (ranksOf: typeof sequenceRanks) => {
      const random = new RandomSource(percentile!);
      const runs = Array.from({ length: rounds }, () => stopped(random, ranksOf, percentile!, tolerance!));
      const right = runs.filter(({ low, high }) => low <= truth && truth <= high).length;
      const counts = runs.map(({ count }) => count).sort((a, b) => a - b);
      return [`${((100 * right) / rounds).toFixed(1)} %`, String(counts[rounds >> 1])];
    };
    return [`p${percentile} ±${100 * tolerance!} %`, ...of(sequenceRanks), ...of(intervalRanks)];
  });
}

const LENGTH = 120;
const ramp = (bin: number) => Math.min(1, (bin + 1) / 25);

/** Four series with noise of a tenth; what one, or all, of them do beside. */
const RUNS: readonly (readonly [string, (bin: number, series: number) => number])[] = [
  ['steady', () => 1],
  ['ramp over the first fifth', ramp],
  ['ramp of one series', (bin, series) => (series === 2 ? 3 - 2 * ramp(bin) : 1)],
  ['one series grows by 60 %', (bin, series) => (series === 1 ? 1 + (0.6 * bin) / LENGTH : 1)],
  ['one series falls by 40 %', (bin, series) => (series === 3 ? 1 - (0.4 * bin) / LENGTH : 1)],
];

function steadyRows(): readonly (readonly string[])[] {
  return RUNS.map(([name, levelOf]) => {
    const random = new RandomSource(17);
    const windows = Array.from({ length: rounds }, () =>
      steadyWindow(
        [0, 1, 2, 3].map((series) => {
          let last = random.normal();
          return Array.from({ length: LENGTH }, (_, bin) => {
            last = 0.3 * last + Math.sqrt(0.91) * random.normal();
            return levelOf(bin, series) * (1 + 0.1 * last);
          });
        }),
      ),
    );
    const found = windows.filter((window) => window.found);
    const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
    return [
      name,
      `${((100 * found.length) / rounds).toFixed(1)} %`,
      found.length * 2 < rounds
        ? ''
        : `${middle(found.map(({ from }) => from))} to ${middle(found.map(({ to }) => to))}`,
    ];
  });
}

/** Eight places, 300 ms each; the limit leaves 200 ms for waiting. */
const QUEUE = { slots: 8, service: 0.3, fixed: 1, limit: 0.26 } as const;
/** The percentile of the SLO, and how long a full probe is, s. */
const SEARCHES = [
  [90, 20],
  [90, 60],
  [99, 60],
  [99, 180],
] as const;

/** As a report judges a probe. */
function outcomeOf({ requests, kept, inFlight }: ObservedQueue, percentile: number) {
  if (keepsGrowing(inFlight)) return { verdict: 'missed', holds: false } as const;
  const { lower = 0, upper = Infinity } = intervalRanks(requests, percentile);
  const verdict = kept >= upper ? 'met' : kept < lower ? 'missed' : 'undecided';
  return { verdict, holds: kept > (percentile / 100) * (requests - 1) } as const;
}

function capacityOf(server: SimulatedServer, seconds: number, random: RandomSource) {
  const search = new CapacitySearch({ low: 1, high: 500, isWhole: false });
  for (let probe = search.next(); probe !== undefined; probe = search.next()) {
    const length = seconds * probe.share;
    const queue = { rate: probe.load, seconds: length, buildUp: length / 4, speed: 1 };
    search.record(probe, outcomeOf(observeQueue(server, queue, random), server.percentile));
  }
  return search.capacity;
}

function capacityRows(): readonly (readonly string[])[] {
  const searches = Math.ceil(rounds / 4);
  return SEARCHES.map(([percentile, seconds]) => {
    const server = { ...QUEUE, percentile };
    const truth = capacityOfQueue(server);
    const found = Array.from({ length: searches }, (_, seed) =>
      capacityOf(server, seconds, new RandomSource(seed + 1)),
    );
    const share = (holds: (one: (typeof found)[number]) => boolean) =>
      `${((100 * found.filter(holds).length) / searches).toFixed(0)} %`;
    const offs = found.map(({ value }) => value! / truth - 1).sort((a, b) => a - b);
    const off = 100 * offs[searches >> 1]!;
    return [
      `p${percentile}, ${seconds} s`,
      ((1 - percentile / 100) * truth * seconds).toFixed(0),
      share(({ value }) => Math.abs(value! / truth - 1) <= 0.05),
      share(({ low, high }) => low! <= truth && truth <= high!),
      `${off < 0 ? '−' : '+'}${Math.abs(off).toFixed(1)} %`,
    ];
  });
}

/** Runs that scatter by 5 %, each with an interval of ±2 %; the other study is slower by a factor. */
function repeatsOf(random: RandomSource, repeats: number, factor: number): readonly CellPair[] {
  const runs = (mean: number) =>
    Array.from({ length: repeats }, () => {
      const value = mean * Math.exp(0.05 * random.normal());
      return { value, low: value * 0.98, high: value * 1.02 };
    });
  const keys = ['TTFT p50', 'TTFT p99', 'TPOT p50', 'latency p50'];
  return [1, 2, 4, 8].map((n) => ({
    name: `concurrency ${n}`,
    figures: keys.map((key) => ({ key, baseline: runs(100 * n), runs: runs(100 * n * factor) })),
  }));
}

function compareRows(): readonly (readonly string[])[] {
  const traits = { isShare: false, isHigherBetter: false, isAsAsked: false };
  return [1, 2, 3, 5].map((repeats) => {
    const random = new RandomSource(repeats);
    const share = (factor: number, judgement: 'differs' | 'worse') => {
      const told = Array.from({ length: rounds }, () =>
        compareCells(repeatsOf(random, repeats, factor), () => traits, { margin: 0, confidence: 0.95 }),
      );
      const holds = told.filter((cells) =>
        judgement === 'differs'
          ? cells.some(({ differences }) => differences.some(({ low, high }) => low > 0 || high < 0))
          : cells.every((cell) => cell.judgement === 'worse'),
      );
      return `${((100 * holds.length) / rounds).toFixed(1)} %`;
    };
    return [String(repeats), share(1, 'differs'), share(1.2, 'worse'), share(1.4, 'worse')];
  });
}

const print = (lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n\n`);
print([`${rounds} simulated runs each`]);
print(alignColumns([['--until', 'right', 'values', 'ordinary interval', 'values'], ...untilRows()]));
print(alignColumns([['steady state of 120 bins', 'found', 'bins'], ...steadyRows()]));
print(
  alignColumns([
    ['capacity, full probe', 'requests beyond', 'within 5 %', 'in the interval', 'median off by'],
    ...capacityRows(),
  ]),
);
print(
  alignColumns([
    ['runs of each cell', 'differ, though the same', '20 % slower, found', '40 % slower, found'],
    ...compareRows(),
  ]),
);
