import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_HISTORY_BINS } from '../../src/aggregator/history-recorder.ts';
import { readHistoryExtras, type RunHistory, type RunMark } from '../../src/core/run-history.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { SnapshotCodec } from '../../src/metrics/snapshot-codec.ts';
import { parseSnapshotJson, snapshotJsonText } from '../../src/metrics/snapshot-json.ts';
import {
  complete,
  ended,
  failed,
  issued,
  issuedDue,
  recvFirst,
  recvNonFirst,
  ScriptedRun,
  started,
  startTracking,
  stopTracking,
} from './scripted-run.ts';

const SECOND = 1e9;

function extrasOf(run: ScriptedRun) {
  return readHistoryExtras(run.aggregator.historyExtras());
}

function historyOf(run: ScriptedRun): RunHistory {
  const { history } = extrasOf(run);
  if (history === undefined) throw new Error('no history');
  return history;
}

/** A sample of a made-up run: when what happens to it, ns since the session's start. */
const sample = fc.record({
  issuedNs: fc.integer({ min: 0, max: 2000 }).map((tenths) => tenths * (SECOND / 10) + 7),
  lateNs: fc.integer({ min: 0, max: 3 * SECOND }),
  gapsNs: fc.array(fc.integer({ min: 1, max: SECOND }), { maxLength: 4 }),
  tokens: fc.nat(20),
  fate: fc.constantFrom('succeeded', 'errored', 'cancelled'),
});
const runs = fc.record({
  samples: fc.array(sample, { minLength: 1, maxLength: 25 }),
  /** Samples issued before are a warm-up. */
  trackedFromNs: fc.integer({ min: 0, max: 200 }).map((s) => s * SECOND),
  /** Stretches time, so that bins are merged. */
  stretch: fc.constantFrom(1, 7, 60),
});

test('counts, levels and distributions are those of the events in each bin', () => {
  fc.assert(
    fc.property(runs, ({ samples, trackedFromNs, stretch }) => {
      const START = 5000;
      const records: (readonly [at: number, record: EventRecord])[] = [];
      const facts = samples.map((made, seq) => {
        const at = START + made.issuedNs * stretch;
        const due = Math.max(START, at - made.lateNs);
        const chunks = made.gapsNs.map((_, i) => at + made.gapsNs.slice(0, i + 1).reduce((a, b) => a + b, 0));
        const end = (chunks.at(-1) ?? at) + 1;
        records.push([at, issuedDue(seq, at, due)]);
        chunks.forEach((chunk, i) =>
          records.push([chunk, i === 0 ? recvFirst(seq, chunk) : recvNonFirst(seq, chunk)]),
        );
        if (made.fate !== 'succeeded')
          records.push([end, failed(seq, end, made.fate === 'cancelled' ? 'cancelled' : 'timeout')]);
        records.push([end, complete(seq, end, { usage: [1, made.tokens] })]);
        return { ...made, at, due, chunks, end, isTracked: at >= START + trackedFromNs };
      });
      records.push([START + trackedFromNs, startTracking(START + trackedFromNs)]);
      // In order of time; of equal times START comes first, an error before the completion.
      records.sort((a, b) => a[0] - b[0] || Number(b[1].kind === 3) - Number(a[1].kind === 3));
      const endNs = records.at(-1)![0] + 1;
      const run = new ScriptedRun({ tokenCounter: null }).send(
        started(START),
        ...records.map(([, record]) => record),
        stopTracking(endNs),
        ended(endNs),
      );
      const history = historyOf(run);
      const length = Math.floor((endNs - START) / history.bin_ns) + 1;
      const of = (time: number) => Math.floor((time - START) / history.bin_ns);
      const perBin = (times: readonly number[]) => {
        const bins = new Array<number>(length).fill(0);
        for (const time of times) bins[of(time)]! += 1;
        return bins;
      };
      expect([history.start_ns, history.end_ns, history.marks]).toEqual([START, endNs, []]);
      expect(length).toBeLessThanOrEqual(MAX_HISTORY_BINS);
      if (history.bin_ns > SECOND) expect(2 * length).toBeGreaterThan(MAX_HISTORY_BINS);
      const ends = (fate: string) => facts.filter((fact) => fact.fate === fate).map(({ end }) => end);
      expect(history.counts).toEqual({
        due: perBin(facts.map(({ due }) => due)),
        issued: perBin(facts.map(({ at }) => at)),
        succeeded: perBin(ends('succeeded')),
        errored: perBin(ends('errored')),
        cancelled: perBin(ends('cancelled')),
        chunks: perBin(facts.flatMap(({ chunks }) => chunks)),
        output_tokens: perBin(facts.flatMap(({ end, tokens }) => new Array<number>(tokens).fill(end))),
      });
      const inFlightAt = (time: number) => facts.filter(({ at, end }) => at <= time && time < end).length;
      expect(history.in_flight_max).toEqual(
        Array.from({ length }, (_, bin) => {
          const beginNs = START + bin * history.bin_ns;
          const moments = facts.map(({ at }) => at).filter((at) => of(at) === bin);
          // What ends at a bin's very first moment was in flight until then.
          const before = facts.filter(({ at, end }) => at < beginNs && end >= beginNs).length;
          return Math.max(before, ...moments.map(inFlightAt));
        }),
      );
      const tracked = facts.filter(({ isTracked }) => isTracked);
      const latencies = history.series.sample_latency_ns;
      const counts = perBin(tracked.map(({ end }) => end));
      expect(latencies?.count ?? new Array<number>(length).fill(0)).toEqual(counts);
      counts.forEach((count, bin) => {
        if (count === 0 || latencies === undefined) return;
        const values = tracked.filter(({ end }) => of(end) === bin).map(({ at, end }) => end - at);
        expect(latencies.max[bin]).toBe(Math.max(...values));
      });
      const delays = history.series.chunk_delta_ns?.count ?? [];
      expect(delays.reduce((sum, n) => sum + n, 0)).toBe(
        tracked.reduce((sum, { chunks }) => sum + Math.max(0, chunks.length - 1), 0),
      );
    }),
    { numRuns: 60 },
  );
});

test('values of another worker that come late count where they were observed', () => {
  const run = new ScriptedRun({ tokenCounter: null }).send(
    started(0),
    startTracking(0),
    issuedDue(0, 1, 1),
    issuedDue(1, 2, 2),
  );
  run.send(recvFirst(0, 3.5 * SECOND), recvFirst(1, 0.5 * SECOND), recvNonFirst(0, 3.6 * SECOND));
  const { series, counts } = historyOf(run);
  expect(series.ttft_ns?.count).toEqual([1, 0, 0, 1]);
  expect(series.ttft_ns?.max).toEqual([0.5 * SECOND - 2, null, null, 3.5 * SECOND - 1]);
  expect(series.chunk_delta_ns?.count).toEqual([0, 0, 0, 1]);
  expect(counts.chunks).toEqual([1, 0, 0, 2]);
});

test('tokens that are counted late belong to the second of the completion', async () => {
  const answer = { answer: { output: ['a', 'b c d'] } };
  const run = new ScriptedRun().send(
    started(0),
    startTracking(0),
    issued(0, 1),
    recvFirst(0, 2),
    recvNonFirst(0, 3),
  );
  run.send(complete(0, 4, answer), issued(1, 2 * SECOND));
  await run.queue!.drain();
  const { counts, series } = historyOf(run);
  expect(counts.output_tokens[0]).toBeGreaterThan(0);
  expect(counts.output_tokens.slice(1)).toEqual([0, 0]);
  expect(series.tpot_ns?.count).toEqual([1, 0, 0]);
});

test('the health of the client is in each bin it is about, the worst of the workers', () => {
  const run = new ScriptedRun().send(started(SECOND));
  const { history } = run.aggregator;
  const calm = {
    event_loop_delay_max_ms: 1,
    late_p99_ms: 0.5,
    gc_ms: 0,
    cpu_share: 0.5,
    cpu_wait_share: null,
  };
  history.onClient({ ...calm, fromNs: 0, toNs: 0.5 * SECOND });
  history.onClient({ ...calm, fromNs: 0.5 * SECOND, toNs: 1.5 * SECOND });
  history.onClient({
    ...calm,
    event_loop_delay_max_ms: 20.12345,
    cpu_share: null,
    fromNs: 2.2 * SECOND,
    toNs: 3.2 * SECOND,
  });
  expect(historyOf(run)).toMatchObject({
    end_ns: 3.2 * SECOND,
    client: {
      event_loop_delay_max_ms: [1, 20.123, 20.123],
      late_p99_ms: [0.5, 0.5, 0.5],
      gc_ms: [0, 0, 0],
      cpu_share: [0.5, null, null],
      cpu_wait_share: [null, null, null],
    },
  });
});

test('however many notes there are, what was done to the load is kept, and the phases always', () => {
  const run = new ScriptedRun().send(started(0));
  const { history } = run.aggregator;
  const mark = (at_ns: number, kind: RunMark['kind']) => ({ at_ns, kind, value: null, text: '' });
  for (let at = 1; at <= 1200; at++) history.onMark(mark(at, 'note'));
  for (let at = 2001; at <= 3200; at++) history.onMark(mark(at, 'rate'));
  history.onMark(mark(5000, 'phase'));
  const kinds = Map.groupBy(historyOf(run).marks, ({ kind }) => kind);
  expect([...kinds].map(([kind, marks]) => [kind, marks.length])).toEqual([
    ['note', 1000],
    ['rate', 1000],
    ['phase', 1],
  ]);
});

test('marks stand in order of time, and not more than a thousand', () => {
  const run = new ScriptedRun().send(started(0));
  const mark = (at_ns: number) => ({ at_ns, kind: 'note', value: null, text: '' }) as const;
  for (let at = 1500; at > 0; at--) run.aggregator.history.onMark(mark(at));
  const { marks } = historyOf(run);
  expect(marks).toHaveLength(1000);
  expect(marks.map(({ at_ns }) => at_ns)).toEqual(marks.map((_, i) => 501 + i));
});

test('there is no history before anything happened, and distributions only where there are values', () => {
  const run = new ScriptedRun();
  expect(extrasOf(run)).toEqual({ history: undefined, distributions: {}, slowestSamples: [] });
  run.send(started(0), startTracking(0), issuedDue(0, 1000, 0), complete(0, 3000));
  expect(Object.keys(extrasOf(run).distributions)).toEqual([
    'sample_latency_ns',
    'response_latency_ns',
    'issue_delay_ns',
  ]);
  expect(extrasOf(run).slowestSamples).toMatchObject([{ seq: 0, latency_ns: 2000, due_ns: 0 }]);
});

test('ten minutes are of moderate size, and come back from file and wire', () => {
  const run = new ScriptedRun({ tokenCounter: null }).send(started(0), startTracking(0));
  for (let seq = 0; seq < 3 * MAX_HISTORY_BINS; seq++) {
    const at = Math.floor((seq * SECOND) / 3) + 1001;
    const later = (ns: number) => at + ns + ((seq * 7919) % 1_000_003);
    run.send(issuedDue(seq, at, at - 1000), recvFirst(seq, later(2e7)), recvNonFirst(seq, later(9e7)));
    run.send(complete(seq, later(9e7) + 1, { usage: [1, 40] }));
  }
  const extras = run.aggregator.historyExtras();
  const snapshot = {
    counter: 1,
    timestampNs: 1,
    state: 'complete',
    pendingTaskCount: 0,
    metrics: [],
    extras,
  } as const;
  expect(historyOf(run).counts.issued).toHaveLength(MAX_HISTORY_BINS);
  const text = snapshotJsonText(snapshot);
  expect(text.length).toBeLessThan(600_000);
  expect(parseSnapshotJson(text)).toEqual(snapshot);
  const codec = new SnapshotCodec();
  expect(codec.decode(codec.encode(snapshot).payload)).toEqual(snapshot);
});
