import { afterEach, expect, test } from 'vitest';
import { NS_PER_MS } from '../../src/core/time.ts';
import { ConcurrencyProfile } from '../../src/plan/concurrency-profile.ts';
import { shareOf } from '../../src/engine/settings.ts';
import { type SeenSample, ThreadedEngine } from './harness.ts';
import { ANSWER, startRawServer, withLength } from './raw-server.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const WORKERS = 2;
const ANSWER_MS = 20;

function stage(ms: number, from: number, to = from) {
  return { forNs: ms * NS_PER_MS, from, to };
}

async function engine(): Promise<ThreadedEngine> {
  const server = await startRawServer(({ socket }) => {
    setTimeout(() => socket.write(withLength(ANSWER)), ANSWER_MS);
  });
  const started = await ThreadedEngine.start({ urls: [server.url], workers: WORKERS, maxConnections: 32 });
  closing.push(
    () => server.close(),
    () => started.close(),
  );
  return started;
}

/** How many samples a worker had under way, right after it issued one. */
interface Count {
  readonly ms: number;
  readonly worker: number;
  readonly count: number;
}

/** Each worker counts for itself: how long the other one has waited for answers is up to the server and the machine. */
function countsOf(running: ThreadedEngine, startNs: number): readonly Count[] {
  const workerOf = new Map(
    running.events.filter(({ topic }) => topic === 'sample.issued').map(({ seq, worker }) => [seq, worker]),
  );
  const samples = running.samples();
  return samples.map(({ seq, issuedNs }) => {
    const worker = workerOf.get(seq)!;
    const isUnderWay = (one: SeenSample) => one.issuedNs <= issuedNs && one.completedNs > issuedNs;
    const count = samples.filter((one) => workerOf.get(one.seq) === worker && isUnderWay(one)).length;
    return { ms: (issuedNs - startNs) / NS_PER_MS, worker, count };
  });
}

/** No worker has more under way than its share of what was to be at that time. */
function expectAtMost(counts: readonly Count[], concurrencyAt: (ms: number) => number): void {
  for (const { ms, worker, count } of counts) {
    // A worker that is held up between looking at the clock and writing is late by that.
    const allowed = [0, 10, 20, 50, 100].map((lateMs) =>
      shareOf(concurrencyAt(Math.max(0, ms - lateMs)), worker, WORKERS),
    );
    expect(count, `worker ${worker} at ${ms} ms`).toBeLessThanOrEqual(Math.max(...allowed));
  }
}

/** Each worker has its share of so many under way at some time in between. */
function expectReached(counts: readonly Count[], fromMs: number, toMs: number, concurrency: number): void {
  for (let worker = 0; worker < WORKERS; worker++) {
    const own = counts.filter((one) => one.worker === worker && one.ms >= fromMs && one.ms < toMs);
    const most = Math.max(0, ...own.map(({ count }) => count));
    expect(most, `worker ${worker} from ${fromMs} ms`).toBeGreaterThanOrEqual(
      shareOf(concurrency, worker, WORKERS),
    );
  }
}

test('each worker has its share of what the stages say at any time, and all of it soon', async () => {
  const stages = [stage(300, 3), stage(400, 3, 12), stage(300, 12), stage(200, 0), stage(300, 5)];
  const profile = new ConcurrencyProfile(stages);
  const running = await engine();
  const startNs = running.clock.nowNs();
  await running.run(
    { pattern: 'concurrency', concurrency: 3, stages },
    { maxDurationMs: profile.totalNs / NS_PER_MS },
  );
  const counts = countsOf(running, startNs);
  expectAtMost(counts, (ms) => profile.at(ms * NS_PER_MS));
  expectReached(counts, 0, 300, 3);
  expectReached(counts, 500, 700, 6);
  expectReached(counts, 700, 1000, 12);
  expectReached(counts, 1200, 1500, 5);
});

test('a pause stops the stages, and a concurrency set by hand replaces the rest of them', async () => {
  const running = await engine();
  const stages = [stage(400, 2), stage(400, 8)];
  const startNs = running.clock.nowNs();
  const phase = running.start({ pattern: 'concurrency', concurrency: 2, stages }, { maxDurationMs: 800 });
  running.pool.changePlan({ kind: 'pause', atNs: 200 * NS_PER_MS });
  running.pool.changePlan({ kind: 'resume', atNs: 500 * NS_PER_MS });
  running.pool.changePlan({ kind: 'concurrency', concurrency: 4, atNs: 900 * NS_PER_MS });
  await phase.finished;
  const counts = countsOf(running, startNs);
  // 400 ms of the first stage are over at 700 ms.
  const changes = [
    [0, 2],
    [200, 0],
    [500, 2],
    [700, 8],
    [900, 4],
  ] as const;
  expectAtMost(counts, (ms) => changes.findLast(([fromMs]) => fromMs <= ms)![1]);
  expectReached(counts, 0, 200, 2);
  expectReached(counts, 500, 700, 2);
  expectReached(counts, 700, 900, 8);
  expectReached(counts, 900, Infinity, 4);
});
