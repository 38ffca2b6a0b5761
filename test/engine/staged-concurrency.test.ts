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

/** Samples of a worker under way right after each of them was issued, and when that was. */
function inFlight(samples: readonly SeenSample[]) {
  return samples.map(({ issuedNs }) => ({
    atNs: issuedNs,
    count: samples.filter((one) => one.issuedNs <= issuedNs && one.completedNs > issuedNs).length,
  }));
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
  const samples = running.samples();
  const workerOf = new Map(
    running.events.filter(({ topic }) => topic === 'sample.issued').map(({ seq, worker }) => [seq, worker]),
  );
  for (let worker = 0; worker < WORKERS; worker++) {
    const counts = inFlight(samples.filter(({ seq }) => workerOf.get(seq) === worker));
    // A worker that is held up between looking at the clock and writing is late by that.
    for (const { atNs, count } of counts) {
      const allowed = [0, 10, 20, 50, 100].map((lateMs) => {
        const elapsedNs = Math.max(0, atNs - startNs - lateMs * NS_PER_MS);
        return shareOf(profile.at(elapsedNs), worker, WORKERS);
      });
      expect(count).toBeLessThanOrEqual(Math.max(...allowed));
    }
  }
  const most = (fromMs: number, toMs: number) => {
    const isIn = (atNs: number) => atNs >= startNs + fromMs * NS_PER_MS && atNs < startNs + toMs * NS_PER_MS;
    return Math.max(0, ...inFlight(samples).flatMap(({ atNs, count }) => (isIn(atNs) ? [count] : [])));
  };
  expect(most(0, 290)).toBe(3);
  expect(most(500, 690)).toBeGreaterThan(5);
  expect(most(750, 990)).toBe(12);
  // A pause: none is begun, but for what a late worker begins.
  expect(most(1010, 1190)).toBe(0);
  expect(most(1250, 1490)).toBe(5);
});

test('a pause stops the stages, and a concurrency set by hand replaces the rest of them', async () => {
  const running = await engine();
  const stages = [stage(400, 2), stage(400, 8)];
  const phase = running.start({ pattern: 'concurrency', concurrency: 2, stages }, { maxDurationMs: 800 });
  const startNs = running.clock.nowNs();
  running.pool.changePlan({ kind: 'pause', atNs: 200 * NS_PER_MS });
  running.pool.changePlan({ kind: 'resume', atNs: 500 * NS_PER_MS });
  running.pool.changePlan({ kind: 'concurrency', concurrency: 4, atNs: 900 * NS_PER_MS });
  await phase.finished;
  const counts = inFlight(running.samples()).map(({ atNs, count }) => ({
    ms: (atNs - startNs) / NS_PER_MS,
    count,
  }));
  const most = (from: number, to: number) =>
    Math.max(0, ...counts.flatMap(({ ms, count }) => (ms >= from && ms < to ? [count] : [])));
  expect(most(230, 490)).toBe(0);
  // 400 ms of the first stage are over at 700 ms.
  expect(most(520, 690)).toBe(2);
  expect(most(750, 890)).toBe(8);
  expect(most(950, 1100)).toBe(4);
});
