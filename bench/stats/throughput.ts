/**
 * Compares definitions of throughput by simulation: what each says of a server whose rate is known, as a share of that rate.
 *
 * Usage: npm run bench:throughput [-- --rounds 400]
 */
import { parseArgs } from 'node:util';
import { ThroughputRecorder } from '../../src/stats/throughput-recorder.ts';
import { RandomSource } from '../../src/core/random.ts';
import { alignColumns } from '../../src/core/text-table.ts';
import { quantileOfSorted } from '../../src/stats/quantile.ts';
import { burst, closedLoop, openLoop, type SimulatedRun } from './simulated-load.ts';

const { values: flags } = parseArgs({ options: { rounds: { type: 'string', default: '400' } } });
const rounds = Number(flags.rounds);
const NS = 1e9;

const LOADS: Readonly<Record<string, (random: RandomSource) => SimulatedRun>> = {
  'closed 10, 1000 requests': (r) => closedLoop(r, { slots: 10, count: 1000, variation: 0.5 }),
  'closed 10, 100 requests': (r) => closedLoop(r, { slots: 10, count: 100, variation: 0.5 }),
  'closed 10, 100, in step': (r) => closedLoop(r, { slots: 10, count: 100, variation: 0.01 }),
  'closed 10, 200, one hangs': (r) => closedLoop(r, { slots: 10, count: 200, variation: 0.5, hanging: 20 }),
  'open 20/s for 60 s': (r) => openLoop(r, { rate: 20, durationS: 60, servers: 1000, variation: 0.5 }),
  'open 20/s for 6 s': (r) => openLoop(r, { rate: 20, durationS: 6, servers: 1000, variation: 0.5 }),
  'open 20/s for 6 s, one hangs': (r) =>
    openLoop(r, { rate: 20, durationS: 6, servers: 1000, variation: 0.5, hanging: 30 }),
  'open 0.5/s for 60 s': (r) => openLoop(r, { rate: 0.5, durationS: 60, servers: 1000, variation: 1 }),
  'open 40/s for 30 s, 20 slots': (r) => openLoop(r, { rate: 40, durationS: 30, servers: 20, variation: 1 }),
  'burst of 200, 20 slots': (r) => burst(r, { count: 200, servers: 20, variation: 0.5 }),
  'burst of 200, one hangs': (r) => burst(r, { count: 200, servers: 20, variation: 0.5, hanging: 50 }),
  'burst of 10, 10 slots': (r) => burst(r, { count: 10, servers: 10, variation: 0.1 }),
};

/** Answers a second by each definition; samples that hang end after a minute and count where a definition counts everything. */
const DEFINITIONS: Readonly<Record<string, (run: SimulatedRun) => number>> = {
  'to the last completion': ({ samples }) =>
    samples.length / Math.max(...samples.map(({ endedS }) => endedS)),
  'LoadGen window': ({ samples }) => (samples.length - 1) / (samples.at(-1)!.endedS - samples[0]!.issuedS),
  'while issuing': (run) => between(run, run.samples[0]!.issuedS, lastIssuedS(run)),
  'first to last completion while issuing': (run) =>
    between(run, Math.min(...run.samples.map(({ endedS }) => endedS)), lastIssuedS(run)),
  ours: ours,
};

say(`Reported as a share of the true rate: mean (5 % – 95 % of ${rounds} runs)`);
const table = Object.entries(LOADS).map(([name, draw], seed) => {
  const random = new RandomSource(seed);
  const runs = Array.from({ length: rounds }, () => draw(random));
  return [name, ...Object.values(DEFINITIONS).map((define) => shares(runs, define))];
});
say(alignColumns([['', ...Object.keys(DEFINITIONS)], ...table]).join('\n'));

function shares(runs: readonly SimulatedRun[], define: (run: SimulatedRun) => number): string {
  const values = Float64Array.from(runs, (run) => define(run) / run.truePerSecond).sort();
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (!Number.isFinite(mean)) return 'none';
  const [low, high] = [5, 95].map((p) => quantileOfSorted(values, p).toFixed(2));
  return `${mean.toFixed(3)} (${low}–${high})`;
}

function lastIssuedS({ samples }: SimulatedRun): number {
  return Math.max(...samples.map(({ issuedS }) => issuedS));
}

function between({ samples }: SimulatedRun, fromS: number, toS: number): number {
  return samples.filter(({ endedS }) => endedS > fromS && endedS <= toS).length / (toS - fromS);
}

function ours({ samples }: SimulatedRun): number {
  const recorder = new ThroughputRecorder();
  recorder.start(0);
  const events = samples
    .flatMap(({ issuedS, endedS }) => [
      { atS: issuedS, issuedS: undefined },
      { atS: endedS, issuedS },
    ])
    .sort((a, b) => a.atS - b.atS);
  for (const { atS, issuedS } of events) {
    if (issuedS === undefined) recorder.onIssued(atS * NS);
    else recorder.onEnded(issuedS * NS, atS * NS, atS - issuedS < 59);
  }
  return recorder.throughput()?.succeeded_per_second ?? NaN;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
