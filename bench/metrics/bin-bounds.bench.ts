import { setImmediate } from 'node:timers/promises';
import { HistoryRecorder, MAX_HISTORY_BINS } from '../../src/aggregator/history-recorder.ts';
import { LatenessRecorder } from '../../src/aggregator/lateness-recorder.ts';
import { registerRunMetrics } from '../../src/aggregator/run-metrics.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { RandomSource } from '../../src/core/random.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../../src/core/time.ts';
import { MetricsRegistry } from '../../src/metrics/registry.ts';
import { asJson } from '../../src/metrics/snapshot.ts';
import { SnapshotCodec } from '../../src/metrics/snapshot-codec.ts';
import { LatenessCounts } from '../../src/stats/lateness-counts.ts';
import type { Bench } from '../harness/bench.ts';
import { spreadOf } from '../harness/spread.ts';

const CHUNKS_PER_SECOND = 2000;
const CHUNKS_PER_SAMPLE = 20;
const PROBES_PER_SECOND = 250;
const TOKENS_PER_SAMPLE = 50;
const BYTES_PER_MB = 2 ** 20;

/** What a run of ten minutes costs to keep and to tell. */
interface Cost {
  readonly memoryMb: number;
  readonly snapshotKb: number;
  readonly firstMs: number;
}

export const bench: Bench = {
  async run({ quick, rounds, say }) {
    const bins = quick ? 100 : MAX_HISTORY_BINS - 1;
    const without: Cost[] = [];
    const half: Cost[] = [];
    for (let round = 0; round < rounds; round++) {
      say(`round ${round + 1} of ${rounds}`);
      without.push(await costOf(bins, undefined));
      half.push(await costOf(bins, 0.5));
    }
    const more = (figure: keyof Cost) => spreadOf(half.map((cost, i) => cost[figure] - without[i]![figure]));
    const note = `${bins} bins of ${CHUNKS_PER_SECOND} chunks and ${CHUNKS_PER_SECOND / CHUNKS_PER_SAMPLE} samples, every other read late; beyond the same without probes; memory with that of the run’s own bound`;
    return [
      {
        ...{ id: 'metrics/bounds-memory', what: 'bounds over time, memory', unit: 'MB', note },
        ...{ value: more('memoryMb'), isLessBetter: true },
      },
      {
        ...{ id: 'metrics/bounds-bytes', what: 'bounds over time, in a snapshot', unit: 'kB', note },
        ...{ value: more('snapshotKb'), isLessBetter: true },
      },
      {
        ...{ id: 'metrics/bounds-time', what: 'bounds over time, all bins anew', unit: 'CPU-ms', note },
        ...{ value: more('firstMs'), isLessBetter: true },
      },
    ];
  },
};

/** `lateShare`: of the reads; undefined for a run without probes. */
async function costOf(seconds: number, lateShare: number | undefined): Promise<Cost> {
  const random = new RandomSource(7);
  const about = (medianMs: number) => Math.round(medianMs * NS_PER_MS * Math.exp(0.4 * random.normal()));
  const beforeBytes = await heldBytes();
  const registry = new MetricsRegistry({ log: SILENT_LOG });
  const metrics = registerRunMetrics(registry, { streaming: true });
  const history = new HistoryRecorder(metrics);
  const lateness = new LatenessRecorder(metrics, history.bounds);
  history.goTo(0);
  for (let second = 0; second < seconds; second++) {
    for (let i = 0; i < CHUNKS_PER_SECOND; i++) {
      const atNs = (second + i / CHUNKS_PER_SECOND) * NS_PER_SECOND;
      history.goTo(atNs);
      const isLate = lateShare !== undefined && random.uniform() < lateShare;
      const lateNs = isLate ? Math.round(20 * NS_PER_MS * random.uniform()) : 0;
      const record = (name: 'ttft_ns' | 'chunk_delta_ns' | 'sample_latency_ns', medianMs: number) => {
        const value = about(medianMs) + lateNs;
        metrics.series[name]!.record(value);
        lateness.record(name, atNs, value, lateNs);
      };
      record('chunk_delta_ns', 12);
      if (i % CHUNKS_PER_SAMPLE !== 0) continue;
      record('ttft_ns', 80);
      record('sample_latency_ns', 400);
      const perToken = about(12);
      metrics.series.tpot_ns!.record(perToken);
      lateness.recordTpot(atNs, perToken, { spanNs: TOKENS_PER_SAMPLE * perToken, lateNs, firstLateNs: 0 });
    }
    if (lateShare !== undefined) tell(lateness, second, random);
  }
  history.bounds.end();
  const before = process.cpuUsage();
  const told = history.history()!;
  const { user, system } = process.cpuUsage(before);
  const firstMs = (user + system) / 1000;
  const snapshot = registry.buildSnapshot({ timestampNs: 0, state: 'live', pendingTaskCount: 0 });
  const { payload } = new SnapshotCodec().encode({ ...snapshot, extras: { history: asJson(told) } });
  const memoryMb = ((await heldBytes()) - beforeBytes) / BYTES_PER_MB;
  // What is measured must be there until now.
  if (history.history()?.end_ns !== told.end_ns || lateness.bounds() === null) throw new Error('it changed');
  registry.close();
  return { memoryMb, snapshotKb: payload.byteLength / 1000, firstMs };
}

/** What a worker tells of a second, which begins in the middle of a bin. */
function tell(lateness: LatenessRecorder, second: number, random: RandomSource): void {
  const [late, unseen, waits] = [new LatenessCounts(), new LatenessCounts(), new LatenessCounts()];
  for (let probe = 0; probe < PROBES_PER_SECOND; probe++) {
    late.add(0.2 * NS_PER_MS * random.uniform());
    unseen.add(random.uniform() < 0.02 ? NS_PER_MS * random.uniform() : 0);
    waits.add(0.05 * NS_PER_MS * random.uniform());
  }
  lateness.addTold({
    ...{ worker: 0, reads: CHUNKS_PER_SECOND, together: 1.5 },
    ...{ late: late.take(), unseen: unseen.take(), waits: waits.take() },
    fromNs: Math.max(0, second - 0.3) * NS_PER_SECOND,
    toNs: (second + 0.7) * NS_PER_SECOND,
  });
}

/** After the garbage is gone. */
async function heldBytes(): Promise<number> {
  // Buffers are let go of a turn after the collection that found them.
  for (let i = 0; i < 3; i++) {
    globalThis.gc!();
    await setImmediate();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
