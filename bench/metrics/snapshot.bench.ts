import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_HISTORY_BINS } from '../../src/aggregator/history-recorder.ts';
import { readHistoryExtras } from '../../src/core/run-history.ts';
import { NS_PER_SECOND } from '../../src/core/time.ts';
import { SnapshotCodec } from '../../src/metrics/snapshot-codec.ts';
import type { MetricsRegistry } from '../../src/metrics/registry.ts';
import type { SessionState } from '../../src/metrics/snapshot.ts';
import { RAW_BUDGET_BYTES } from '../../src/app/fold/run-fold.ts';
import {
  batchOf,
  MEAN_JITTER_NS,
  recordsOf,
  startedAggregator,
  syntheticFrames,
} from '../aggregator/synthetic-run.ts';
import type { Bench } from '../harness/bench.ts';
import { peakMemoryMb } from '../harness/memory.ts';
import { cpuMsPerCall, inTurn } from '../harness/rounds.ts';
import { spreadOf } from '../harness/spread.ts';

const BYTES_PER_MB = 2 ** 20;
const LIVE_SAMPLES = 60_000;
const LIVE_CHUNKS = 8;
const FINAL_CHUNKS = 2;

export const bench: Bench = {
  async run({ quick, rounds, say }) {
    const beforeMb = peakMemoryMb(process.pid) ?? NaN;
    const finalSamples = quick ? 1_000_000 : 10_000_000;
    const spillDirectory = mkdtempSync(join(tmpdir(), 'inferometer-bench-'));
    say(`folding ${finalSamples} samples`);
    const { registry, aggregator } = startedAggregator(spillDirectory);
    for (const frame of syntheticFrames(finalSamples, FINAL_CHUNKS)) aggregator.process(batchOf(frame));
    const finalMs = await inTurn(rounds, { build: cpuMsPerCall(1, () => snapshotOf(registry, 'complete')) });
    const peakBytes = ((peakMemoryMb(process.pid) ?? NaN) - beforeMb) * BYTES_PER_MB;
    registry.close();
    rmSync(spillDirectory, { recursive: true });
    const live = await liveSnapshotMs(rounds);
    const withHistory = await historySnapshotMs(rounds);
    const samplesText = `${finalSamples / 1e6}M samples`;
    return [
      {
        id: 'metrics/live',
        what: 'live snapshot, built and encoded',
        unit: 'CPU-ms',
        value: spreadOf(live),
        isLessBetter: true,
        goal: { of: 'value', bound: 'at most', value: 1 },
        note: `all counters and series of a streaming run with ${LIVE_SAMPLES} samples`,
      },
      {
        id: 'metrics/live-history',
        what: 'live snapshot with ten minutes of history, built and encoded',
        unit: 'ms',
        value: spreadOf(withHistory),
        isLessBetter: true,
        note: `once a second; ${MAX_HISTORY_BINS} bins, distributions and slowest samples beside the metrics`,
      },
      {
        id: 'metrics/final-time',
        what: `final snapshot, ${samplesText}`,
        unit: 'CPU-s',
        value: spreadOf(finalMs.build.map((ms) => ms / 1000)),
        isLessBetter: true,
        goal: { of: 'value', bound: 'at most', value: 1.5 },
        note: `exact percentiles and histograms of all ${seriesCount(registry)} series with values; ${RAW_BUDGET_BYTES / BYTES_PER_MB} MB of each in memory, the rest read back from files`,
      },
      {
        id: 'metrics/final-memory',
        what: `peak memory a sample, ${samplesText}`,
        unit: 'bytes',
        value: spreadOf([peakBytes / finalSamples]),
        isLessBetter: true,
        goal: { of: 'value', bound: 'at most', value: 160 },
        note: 'growth of the process from before the first sample to after the final snapshot',
      },
    ];
  },
};

async function liveSnapshotMs(rounds: number): Promise<readonly number[]> {
  const { registry, aggregator } = startedAggregator();
  for (const frame of syntheticFrames(LIVE_SAMPLES, LIVE_CHUNKS)) aggregator.process(batchOf(frame));
  const codec = new SnapshotCodec();
  const build = cpuMsPerCall(50, () => codec.encode(snapshotOf(registry, 'live')));
  await build();
  return (await inTurn(rounds, { build })).build;
}

/** One that carries all there is to tell of a run whose samples are spread over all bins. */
async function historySnapshotMs(rounds: number): Promise<readonly number[]> {
  const { registry, aggregator } = startedAggregator();
  const gapNs = (MAX_HISTORY_BINS * NS_PER_SECOND) / (LIVE_SAMPLES * recordsOf(LIVE_CHUNKS));
  for (const frame of syntheticFrames(LIVE_SAMPLES, LIVE_CHUNKS, Math.floor(gapNs) - MEAN_JITTER_NS))
    aggregator.process(batchOf(frame));
  const codec = new SnapshotCodec();
  const build = cpuMsPerCall(20, () => {
    const snapshot = snapshotOf(registry, 'live');
    codec.encode({ ...snapshot, extras: { ...aggregator.extras(), ...aggregator.historyExtras() } });
  });
  await build();
  const { history } = readHistoryExtras(aggregator.historyExtras());
  if (history === undefined || history.in_flight_max.length < MAX_HISTORY_BINS / 2)
    throw new Error('the run is too short for its history');
  return (await inTurn(rounds, { build })).build;
}

function snapshotOf(registry: MetricsRegistry, state: SessionState) {
  return registry.buildSnapshot({ timestampNs: 0, state, pendingTaskCount: 0 });
}

function seriesCount(registry: MetricsRegistry): number {
  const { metrics } = snapshotOf(registry, 'live');
  return metrics.filter((metric) => metric.type === 'series' && metric.count > 0).length;
}
