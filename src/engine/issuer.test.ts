import { describe, expect, test, vi } from 'vitest';
import { createRunClock } from '../core/time.ts';
import type { ArrivalSettings, StopRule } from '../plan/plan.ts';
import { createPlanShare } from '../plan/share.ts';
import { createTicketCounter } from '../plan/tickets.ts';
import { Issuer } from './issuer.ts';
import { PacingRecord } from './pacing-record.ts';
import type { Pacing } from './settings.ts';

interface Sent {
  readonly index: number;
  readonly row: number;
  readonly dueNs: number;
  readonly atNs: number;
}

const clock = createRunClock();

/** An issuer whose samples end when the test says so. */
class Bench {
  readonly sent: Sent[] = [];
  readonly finished = Promise.withResolvers<number>();
  stopped: boolean | undefined;
  readonly startNs = clock.nowNs();
  readonly issuer: Issuer;
  readonly counter = createTicketCounter();
  readonly record = new PacingRecord();

  constructor(
    arrivals: ArrivalSettings,
    stop: Partial<StopRule>,
    slots = Infinity,
    pacing: Pacing = 'economy',
  ) {
    const rule = { maxSamples: Infinity, maxDurationNs: Infinity, ...stop };
    const order = { order: 'sequential', datasetSize: 10, seed: 1 } as const;
    const plan = { name: 'test', kind: 'performance', arrivals, order, stop: rule } as const;
    this.issuer = new Issuer({
      clock,
      pacing,
      record: this.record,
      share: createPlanShare(plan, 0, 1, this.counter),
      stop: rule,
      startNs: this.startNs,
      slots,
      send: (index, row, dueNs) => this.sent.push({ index, row, dueNs, atNs: clock.nowNs() }),
      onIssuingDone: (stopped) => {
        expect(this.stopped).toBeUndefined();
        this.stopped = stopped;
      },
      onFinished: (issued) => this.finished.resolve(issued),
    });
    this.issuer.start();
  }

  async untilDone(): Promise<void> {
    await vi.waitUntil(() => this.stopped !== undefined, { interval: 1, timeout: 15_000 });
  }

  /** Ends all that is in flight. */
  async endAll(): Promise<number> {
    for (let ended = 0; ended < this.sent.length; ended++) this.issuer.ticketEnded();
    return await this.finished.promise;
  }
}

function block(ms: number): void {
  const untilNs = clock.nowNs() + ms * 1e6;
  while (clock.nowNs() < untilNs);
}

describe.each(['economy', 'precise'] as const)('open loop, %s', (pacing) => {
  test('sends each sample when it is due, never before', async () => {
    const bench = new Bench(
      { pattern: 'constant', ratePerSecond: 200 },
      { maxSamples: 20 },
      Infinity,
      pacing,
    );
    await bench.untilDone();
    expect(bench.stopped).toBe(false);
    expect(bench.sent.map(({ index, row }) => [index, row])).toEqual(
      Array.from({ length: 20 }, (_, index) => [index, index % 10]),
    );
    for (const { index, dueNs, atNs } of bench.sent) {
      expect(dueNs).toBe(bench.startNs + index * 5e6);
      expect(atNs).toBeGreaterThanOrEqual(dueNs);
    }
    expect(await bench.endAll()).toBe(20);
  });

  test('is not moved by a blocked loop: what is late goes out at once, with its own due time', async () => {
    const bench = new Bench(
      { pattern: 'constant', ratePerSecond: 500 },
      { maxSamples: 60 },
      Infinity,
      pacing,
    );
    const before = bench.sent.length;
    block(60);
    await bench.untilDone();
    expect(bench.sent.map(({ dueNs }) => dueNs - bench.startNs)).toEqual(
      Array.from({ length: 60 }, (_, index) => index * 2e6),
    );
    const late = bench.sent.slice(before).filter(({ atNs, dueNs }) => atNs - dueNs > 10e6);
    expect(late.length).toBeGreaterThan(15);
    const burst = late.map(({ atNs }) => atNs);
    expect(burst).toEqual(burst.toSorted((a, b) => a - b));
  });
});

test('what is far too late goes out in parts, so that answers are read in between', async () => {
  const bench = new Bench({ pattern: 'constant', ratePerSecond: 1e6 }, { maxSamples: 2000 });
  block(5);
  let turns = 0;
  const count = () => {
    turns += 1;
    if (bench.stopped === undefined) setImmediate(count);
  };
  setImmediate(count);
  await bench.untilDone();
  expect(turns).toBeGreaterThan(3);
  expect(bench.sent).toHaveLength(2000);
});

test('sends nothing before the start', async () => {
  const startNs = clock.nowNs() + 30e6;
  const sentNs: number[] = [];
  const stop = { maxSamples: 2, maxDurationNs: Infinity };
  const order = { order: 'sequential', datasetSize: 1, seed: 1 } as const;
  const plan = { name: 'test', kind: 'performance', arrivals: { pattern: 'burst' }, order, stop } as const;
  await new Promise<void>((resolve) => {
    new Issuer({
      clock,
      pacing: 'precise',
      record: new PacingRecord(),
      share: createPlanShare(plan, 0, 1, createTicketCounter()),
      stop,
      startNs,
      slots: 2,
      send: () => sentNs.push(clock.nowNs()),
      onIssuingDone: () => resolve(),
      onFinished: () => undefined,
    }).start();
  });
  expect(sentNs).toHaveLength(2);
  for (const atNs of sentNs) expect(atNs).toBeGreaterThanOrEqual(startNs);
});

/** The event loop has come round. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('closed loop', () => {
  const concurrency: ArrivalSettings = { pattern: 'concurrency', concurrency: 3 };

  test('keeps its slots full and draws no ticket ahead', async () => {
    const bench = new Bench(concurrency, { maxSamples: 5 }, 3);
    expect(bench.sent.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(bench.sent.map(({ dueNs }) => dueNs)).toEqual([NaN, NaN, NaN]);
    expect(bench.counter[0]).toBe(3);
    bench.issuer.ticketEnded();
    await turn();
    expect(bench.sent).toHaveLength(4);
    expect(bench.stopped).toBeUndefined();
    bench.issuer.ticketEnded();
    await turn();
    expect(bench.sent).toHaveLength(5);
    expect(bench.stopped).toBe(false);
    for (let left = 3; left > 0; left--) bench.issuer.ticketEnded();
    expect(await bench.finished.promise).toBe(5);
  });

  test('fills slots once what has come was read, so that no read waits for a write', async () => {
    const bench = new Bench(concurrency, {}, 3);
    bench.issuer.ticketEnded();
    bench.issuer.ticketEnded();
    expect(bench.sent).toHaveLength(3);
    await turn();
    expect(bench.sent).toHaveLength(5);
    bench.issuer.stop();
  });

  test('ends at its duration though no slot becomes free', async () => {
    const bench = new Bench(concurrency, { maxDurationNs: 30e6 }, 3);
    await bench.untilDone();
    expect(clock.nowNs() - bench.startNs).toBeGreaterThanOrEqual(30e6);
    expect(bench.stopped).toBe(false);
    expect(await bench.endAll()).toBe(3);
  });

  test('ends when others drew the last ticket, also without a slot of its own', async () => {
    const bench = new Bench(concurrency, { maxSamples: 50 }, 2);
    const idle = new Bench(concurrency, { maxSamples: 50 }, 0);
    expect(idle.stopped).toBeUndefined();
    bench.issuer.exhausted();
    idle.issuer.exhausted();
    expect([bench.stopped, idle.stopped]).toEqual([false, false]);
    expect(await idle.finished.promise).toBe(0);
    expect(await bench.endAll()).toBe(2);
  });

  test('an open loop has its own share and does not end so', async () => {
    const bench = new Bench({ pattern: 'constant', ratePerSecond: 1000 }, { maxSamples: 5 });
    bench.issuer.exhausted();
    await bench.untilDone();
    expect(bench.sent).toHaveLength(5);
  });
});

describe('a stop', () => {
  test('sends nothing more, and what is in flight still counts', async () => {
    const bench = new Bench({ pattern: 'constant', ratePerSecond: 1000 }, {});
    await vi.waitUntil(() => bench.sent.length > 3, { interval: 1 });
    bench.issuer.stop();
    const sent = bench.sent.length;
    expect(bench.stopped).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(bench.sent).toHaveLength(sent);
    expect(await bench.endAll()).toBe(sent);
  });

  test('after the end changes nothing', async () => {
    const bench = new Bench({ pattern: 'burst' }, { maxSamples: 2 }, 4);
    bench.issuer.stop();
    expect(bench.stopped).toBe(false);
    expect(await bench.endAll()).toBe(2);
  });
});

describe('a change of the plan', () => {
  const soonNs = (bench: Bench, ms = 10) => clock.nowNs() - bench.startNs + ms * 1e6;

  test('a pause leaves nothing issued in it, and moves what is due behind it by its length', async () => {
    const bench = new Bench({ pattern: 'constant', ratePerSecond: 1000 }, { maxSamples: 300 });
    await vi.waitUntil(() => bench.sent.length > 3, { interval: 1 });
    const pauseNs = soonNs(bench);
    bench.issuer.change({ kind: 'pause', atNs: pauseNs });
    await vi.waitUntil(() => soonNs(bench, -30) > pauseNs, { interval: 1 });
    const before = bench.sent.length;
    expect(before).toBe(Math.ceil(pauseNs / 1e6));
    const resumeNs = soonNs(bench);
    bench.issuer.change({ kind: 'resume', atNs: resumeNs });
    await bench.untilDone();
    expect(bench.sent.map(({ index }) => index)).toEqual(Array.from({ length: 300 }, (_, index) => index));
    for (const { index, dueNs, atNs } of bench.sent) {
      expect(atNs).toBeGreaterThanOrEqual(dueNs);
      const plannedNs = bench.startNs + index * 1e6;
      expect(dueNs).toBe(index < before ? plannedNs : plannedNs + resumeNs - pauseNs);
    }
  });

  test('a paused phase does not end, but for a stop', async () => {
    const bench = new Bench({ pattern: 'constant', ratePerSecond: 1000 }, { maxDurationNs: 20e6 });
    bench.issuer.change({ kind: 'pause', atNs: 0 });
    await vi.waitUntil(() => clock.nowNs() > bench.startNs + 40e6, { interval: 1 });
    expect(bench.stopped).toBeUndefined();
    bench.issuer.stop();
    expect(bench.stopped).toBe(true);
  });

  test('a phase with a duration waits for its end, and a higher rate brings more until then', async () => {
    const bench = new Bench({ pattern: 'constant', ratePerSecond: 0.1 }, { maxDurationNs: 400e6 });
    expect(bench.sent).toHaveLength(1);
    const atNs = soonNs(bench);
    bench.issuer.change({ kind: 'rate', atNs, ratePerSecond: 1000 });
    await bench.untilDone();
    expect(clock.nowNs() - bench.startNs).toBeGreaterThanOrEqual(400e6);
    expect(bench.sent.length).toBeGreaterThan(1);
    expect(bench.sent.length - 1).toBe(Math.floor((400e6 - atNs) / 1e6));
    for (const { dueNs } of bench.sent.slice(1)) expect(dueNs).toBeGreaterThanOrEqual(bench.startNs + atNs);
  });

  test('slots come at once when their time has come, and go as samples end', async () => {
    const bench = new Bench({ pattern: 'concurrency', concurrency: 2 }, {}, 2);
    bench.issuer.change({ kind: 'concurrency', atNs: 0, concurrency: 4 }, 4);
    expect(bench.sent).toHaveLength(4);
    bench.issuer.change({ kind: 'concurrency', atNs: 0, concurrency: 1 }, 1);
    for (let ended = 0; ended < 3; ended++) bench.issuer.ticketEnded();
    await turn();
    expect(bench.sent).toHaveLength(4);
    bench.issuer.ticketEnded();
    await turn();
    expect(bench.sent).toHaveLength(5);
  });

  test('slots that come later wake the issuer, though no sample ends', async () => {
    const bench = new Bench({ pattern: 'concurrency', concurrency: 1 }, {}, 1);
    const atNs = soonNs(bench, 20);
    bench.issuer.change({ kind: 'concurrency', atNs, concurrency: 3 }, 3);
    expect(bench.sent).toHaveLength(1);
    await vi.waitUntil(() => bench.sent.length === 3, { interval: 1 });
    for (const sent of bench.sent.slice(1)) expect(sent.atNs).toBeGreaterThanOrEqual(bench.startNs + atNs);
  });

  test('a closed loop draws nothing while paused and goes on by itself', async () => {
    const bench = new Bench({ pattern: 'concurrency', concurrency: 2 }, {}, 2);
    bench.issuer.change({ kind: 'pause', atNs: 0 });
    bench.issuer.ticketEnded();
    bench.issuer.ticketEnded();
    await turn();
    expect(bench.counter[0]).toBe(2);
    bench.issuer.change({ kind: 'resume', atNs: soonNs(bench) });
    await vi.waitUntil(() => bench.sent.length === 4, { interval: 1 });
  });
});
