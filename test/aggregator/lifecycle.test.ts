import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AggregatorService } from '../../src/aggregator/service.ts';
import { createLog } from '../../src/core/log.ts';
import { monotonicNs } from '../../src/core/time.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { MetricsRegistry } from '../../src/metrics/registry.ts';
import { SnapshotPublisher } from '../../src/metrics/snapshot-publisher.ts';
import type { MetricsSnapshot } from '../../src/metrics/snapshot.ts';
import type { TokenCounter } from '../../src/tokens/token-counter.ts';
import {
  complete,
  ended,
  issued,
  recvFirst,
  started,
  startTracking,
  stopTracking,
  wordCounter,
} from './scripted-run.ts';

const hangingCounter: TokenCounter = { ...wordCounter, countTexts: () => new Promise(() => undefined) };
const failingCounter: TokenCounter = {
  ...wordCounter,
  countTexts: () => Promise.reject(new Error('no tokenizer today')),
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aggregator-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface ServedRun {
  readonly service: AggregatorService;
  readonly published: MetricsSnapshot[];
  readonly logLines: string[];
  readonly finalPath: string;
  busIsClosed(): boolean;
  send(...records: readonly EventRecord[]): void;
}

interface ServeOptions {
  readonly tokenCounter?: TokenCounter;
  readonly publishIntervalMs?: number;
  readonly drainTimeoutMs?: number;
  readonly finalPath?: string;
}

function serve(options: ServeOptions = {}): ServedRun {
  const {
    tokenCounter,
    publishIntervalMs = 60_000,
    drainTimeoutMs,
    finalPath = join(folder, 'final.json'),
  } = options;
  const published: MetricsSnapshot[] = [];
  const logLines: string[] = [];
  const log = createLog((line) => logLines.push(line));
  const registry = new MetricsRegistry({ log });
  let closed = false;
  const bus = {
    address: 'here',
    publish: (snapshot: MetricsSnapshot) => void published.push(snapshot),
    flush: () => undefined,
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  };
  const service = new AggregatorService({
    registry,
    publisher: new SnapshotPublisher({ registry, publisher: bus, finalPath, nowNs: monotonicNs, log }),
    streaming: true,
    tokenCounter,
    publishIntervalMs,
    ...(drainTimeoutMs === undefined ? {} : { drainTimeoutMs }),
    extras: () => ({ process: 'mine' }),
    log,
  });
  return {
    service,
    published,
    logLines,
    finalPath,
    busIsClosed: () => closed,
    send: (...records) => service.process(buildEventBatch(records)),
  };
}

const SAMPLE = [
  started(0),
  startTracking(0),
  issued(1, 1, { text: 'p q' }),
  recvFirst(1, 2),
  complete(1, 4, { answer: { output: ['x ', 'y z'] } }),
];

function metric(snapshot: MetricsSnapshot | undefined, name: string) {
  return snapshot?.metrics.find((one) => one.name === name);
}

test('the end drains the tokens, publishes one final snapshot to file and bus, and closes', async () => {
  const run = serve({ tokenCounter: wordCounter });
  run.send(...SAMPLE, stopTracking(5), ended(10), ended(11));
  run.send(ended(12));
  expect(run.service.aggregator.state).toBe('draining');
  await run.service.closed;
  expect(run.busIsClosed()).toBe(true);
  expect(run.published).toHaveLength(1);
  const [final] = run.published;
  expect(final).toMatchObject({ state: 'complete', pendingTaskCount: 0 });
  expect(metric(final, 'isl')).toMatchObject({ count: 1, total: 2 });
  expect(metric(final, 'osl')).toMatchObject({ count: 1, total: 3 });
  expect(metric(final, 'tracked_duration_ns')).toMatchObject({ value: 4 });
  expect(final?.extras).toMatchObject({ process: 'mine', in_flight: 0, errors_by_type: [] });
  expect(JSON.parse(await readFile(run.finalPath, 'utf8'))).toMatchObject({
    state: 'complete',
    n_pending_tasks: 0,
  });
});

test('from the start on live snapshots and live token counts come by the clock', async () => {
  const run = serve({ tokenCounter: wordCounter, publishIntervalMs: 2 });
  await sleep(10);
  expect(run.published).toEqual([]);
  run.send(...SAMPLE);
  while (!run.published.some((one) => one.pendingTaskCount === 0)) await sleep(1);
  expect(run.published.at(-1)).toMatchObject({ state: 'live', extras: { process: 'mine', in_flight: 0 } });
  expect(metric(run.published.at(-1), 'tpot_ns')).toMatchObject({ count: 1 });
  run.send(ended(10));
  await run.service.closed;
  expect(run.published.filter(({ state }) => state === 'complete')).toHaveLength(1);
  expect(run.published.at(-1)?.state).toBe('complete');
});

test('the history is in the first live snapshot, in one of each second of the run, and in the final one', async () => {
  const run = serve({ publishIntervalMs: 5 });
  const untilPublished = async (count: number) => {
    while (run.published.length < count) await sleep(5);
  };
  run.send(started(0), startTracking(0));
  await untilPublished(3);
  const withHistory = () => run.published.map(({ extras }) => extras !== undefined && 'history' in extras);
  expect(withHistory().indexOf(true)).toBe(0);
  expect(withHistory().lastIndexOf(true)).toBe(0);
  run.send(issued(0, 2e9));
  const next = run.published.length;
  await untilPublished(next + 3);
  expect(withHistory().slice(next).filter(Boolean)).toHaveLength(1);
  run.send(complete(0, 2e9 + 1), ended(2e9 + 2));
  await run.service.closed;
  expect(run.published.at(-1)?.state).toBe('complete');
  expect(withHistory().at(-1)).toBe(true);
});

test('an interval of 0 publishes only the final snapshot', async () => {
  const run = serve({ tokenCounter: wordCounter, publishIntervalMs: 0 });
  run.send(...SAMPLE);
  await sleep(5);
  expect(run.published).toEqual([]);
  run.send(ended(10));
  await run.service.closed;
  expect(run.published).toHaveLength(1);
});

test('a tokenizer that fails leaves its counts pending; the final snapshot comes all the same', async () => {
  const run = serve({ tokenCounter: failingCounter });
  run.send(...SAMPLE, ended(10));
  await run.service.closed;
  expect(run.published).toMatchObject([{ state: 'complete', pendingTaskCount: 3 }]);
  expect(run.logLines.join('\n')).toContain('3 token counts are missing');
});

test('so does one that hangs, once the time for it is over', async () => {
  const run = serve({ tokenCounter: hangingCounter, drainTimeoutMs: 20 });
  run.send(...SAMPLE, ended(10));
  await run.service.closed;
  expect(run.published).toMatchObject([{ state: 'complete', pendingTaskCount: 3 }]);
});

test('an interrupt refreshes the durations and publishes what there is, as interrupted', async () => {
  const run = serve({ tokenCounter: hangingCounter });
  run.send(...SAMPLE);
  await run.service.interrupt();
  expect(run.published).toMatchObject([{ state: 'interrupted', pendingTaskCount: 3 }]);
  expect(metric(run.published[0], 'tracked_duration_ns')).toMatchObject({ value: 4 });
  expect(metric(run.published[0], 'legacy_loadgen_window_duration_ns')).toMatchObject({ value: 3 });
  expect(run.busIsClosed()).toBe(true);
  await run.service.interrupt();
  expect(run.published).toHaveLength(1);
});

test('an interrupt ends a drain under way', async () => {
  const run = serve({ tokenCounter: hangingCounter });
  run.send(...SAMPLE, ended(10));
  await run.service.interrupt();
  await run.service.closed;
  expect(run.published).toMatchObject([{ state: 'interrupted', pendingTaskCount: 3 }]);
});

test('an interrupt while the final snapshot is on its way changes nothing', async () => {
  const run = serve();
  run.send(...SAMPLE, ended(10));
  await run.service.closed;
  await run.service.interrupt();
  expect(run.published).toMatchObject([{ state: 'complete' }]);
});

test('giving up the pending counts lets the end come as complete, with the counts missing', async () => {
  const run = serve({ tokenCounter: hangingCounter });
  run.send(...SAMPLE, ended(10));
  run.service.cancelPending();
  await run.service.closed;
  expect(run.published).toMatchObject([{ state: 'complete', pendingTaskCount: 3 }]);
});

test('a file that can not be written is logged; the frame still goes out and the service closes', async () => {
  const run = serve({ finalPath: join(folder, 'missing', 'final.json') });
  run.send(...SAMPLE, ended(10));
  await run.service.closed;
  expect(run.published).toMatchObject([{ state: 'complete' }]);
  expect(run.logLines.join()).toContain('final.json');
});
