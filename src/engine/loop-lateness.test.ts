import { setImmediate as turned } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Nanoseconds } from '../core/time.ts';
import { bucketEdgeNs, type SparseCounts } from '../stats/lateness-counts.ts';
import { LoopLateness } from './loop-lateness.ts';
import { createSharedProbes, exponentialGapNs, ProbeTimes } from './probe-schedule.ts';

const MS = 1e6;

/** A worker's lateness on a clock that is set by hand. */
class Loop {
  readonly #shared = createSharedProbes();
  readonly probes = new ProbeTimes(this.#shared);
  nowNs = 0;
  readonly #clock = { originNs: 0n, nowNs: () => this.nowNs as Nanoseconds };
  readonly lateness = new LoopLateness(this.#clock, this.#shared);

  /** A probe leaves when it is due. */
  probeAt(atMs: number): void {
    this.probes.announce(atMs * MS);
    this.probes.send(atMs * MS);
  }

  read(atMs: number): void {
    this.nowNs = atMs * MS;
    this.lateness.read(this.nowNs);
  }

  readProbes(count: number, atMs: number): void {
    this.nowNs = atMs * MS;
    this.lateness.readProbes(count, this.nowNs);
  }

  /** The turn of the loop ends. */
  async endTurn(atMs: number): Promise<void> {
    this.nowNs = atMs * MS;
    await turned();
  }

  windowsMs(): readonly number[] {
    return Array.from(this.lateness.takeWindows() ?? [], (ns) => ns / MS);
  }
}

function longestMs(counts: SparseCounts): number {
  return counts.length === 0 ? 0 : bucketEdgeNs(counts.at(-2)!) / MS;
}

describe('LoopLateness', () => {
  it('has nothing to tell of a read that the loop waited for', async () => {
    const loop = new Loop();
    loop.read(10);
    await loop.endTurn(10.01);
    loop.read(20);
    await loop.endTurn(20.01);
    expect(loop.windowsMs()).toEqual([]);
    expect(loop.lateness.take()).toMatchObject({ reads: 2, late: [], unseen: [], waits: [0, 2] });
  });

  it('tells that a read waits for those before it in its turn', async () => {
    const loop = new Loop();
    loop.read(10);
    loop.read(10.5);
    loop.read(13);
    await loop.endTurn(13.1);
    expect(loop.windowsMs()).toEqual([10, 13, 10]);
    expect(loop.lateness.take().reads).toBe(3);
  });

  it('tells that what came in one turn waits for the next', async () => {
    const loop = new Loop();
    loop.read(10);
    loop.read(12);
    await loop.endTurn(12.01);
    loop.read(12.02);
    await loop.endTurn(12.03);
    loop.read(15);
    await loop.endTurn(15.01);
    expect(loop.windowsMs()).toEqual([10, 12, 10, 12.02, 12.02, 10]);
  });

  it('counts work between turns as such', async () => {
    const loop = new Loop();
    loop.lateness.busy(5 * MS);
    for (let ms = 5; ms < 8; ms += 0.04) loop.lateness.busy(ms * MS);
    loop.read(8);
    await loop.endTurn(8.01);
    expect(loop.windowsMs()).toEqual([8, 8, 5]);
  });

  it('takes a turn for as late as the oldest probe on its way, before that was read', async () => {
    const loop = new Loop();
    for (const ms of [20, 22, 30]) loop.probeAt(ms);
    loop.read(60);
    loop.readProbes(3, 60.02);
    await loop.endTurn(60.03);
    expect(loop.windowsMs()).toEqual([60, 60, 20]);
    const { late, unseen } = loop.lateness.take();
    expect(longestMs(late)).toBeGreaterThanOrEqual(40);
    // Without the oldest the others would have told of 22; they themselves would have been told of in full.
    expect(longestMs(unseen)).toBeGreaterThanOrEqual(2);
    expect(longestMs(unseen)).toBeLessThan(2.2);
  });

  it('leaves to chance what a single probe saw', async () => {
    const loop = new Loop();
    loop.probeAt(20);
    loop.readProbes(1, 27);
    await loop.endTurn(27.01);
    const { unseen } = loop.lateness.take();
    expect(longestMs(unseen)).toBeGreaterThanOrEqual(7);
    expect(longestMs(unseen)).toBeLessThan(7.7);
  });

  it('knows of probes that a stop of the whole process kept from leaving', async () => {
    const loop = new Loop();
    for (const ms of [20, 22, 300]) loop.probes.announce(ms * MS);
    loop.read(60);
    loop.probes.send(60.01 * MS);
    loop.probes.send(60.01 * MS);
    loop.readProbes(2, 60.05);
    await loop.endTurn(60.06);
    expect(loop.windowsMs()).toEqual([60, 60, 20]);
    expect(longestMs(loop.lateness.take().late)).toBeGreaterThanOrEqual(40);
  });

  it('takes a probe that was merely not sent for no more than the latest two turns', async () => {
    const loop = new Loop();
    loop.probes.announce(20 * MS);
    const windows: (readonly number[])[] = [];
    for (const ms of [40, 50, 60]) {
      loop.read(ms);
      await loop.endTurn(ms + 0.01);
      windows.push(loop.windowsMs());
    }
    expect(windows).toEqual([
      [40, 40, 20],
      [50, 50, 20],
      [60, 60, 40],
    ]);
  });

  it('knows that a turn which came late may have asked long before', async () => {
    const loop = new Loop();
    for (const ms of [20, 25]) loop.probeAt(ms);
    // The read of the socket takes both, though the loop had asked when the first was there.
    loop.readProbes(2, 60);
    await loop.endTurn(60.01);
    loop.read(60.03);
    await loop.endTurn(60.04);
    expect(loop.windowsMs()).toEqual([60.03, 60.03, 20]);
  });

  it('does not take the time to the first probe of the next stall for a rest', async () => {
    const loop = new Loop();
    for (const ms of [20, 25]) loop.probeAt(ms);
    loop.readProbes(2, 60);
    await loop.endTurn(60.01);
    // Held up again at once; what came at 21 is read only now.
    loop.probeAt(75);
    loop.read(140);
    await loop.endTurn(140.01);
    expect(loop.windowsMs()).toEqual([140, 140, 20]);
  });

  it('takes a request that is sent soon after a late turn for no rest', async () => {
    const loop = new Loop();
    loop.probeAt(20);
    loop.readProbes(1, 320);
    await loop.endTurn(321);
    // What came at 21 is still to be read.
    loop.lateness.busy(321.5 * MS);
    loop.read(322);
    await loop.endTurn(322.01);
    expect(loop.windowsMs()).toEqual([322, 322, 20]);
  });

  it('takes a short pause behind a turn that was held up midway for no rest', async () => {
    const loop = new Loop();
    loop.read(20);
    loop.probeAt(30);
    loop.readProbes(1, 60);
    await loop.endTurn(60.1);
    // What came at 21 is still to be read.
    loop.read(60.6);
    await loop.endTurn(60.7);
    expect(loop.windowsMs().slice(-3)).toEqual([60.6, 60.6, 20]);
  });

  it('tells what there is of an open turn, and the rest of it later', async () => {
    const loop = new Loop();
    loop.read(10);
    loop.read(11);
    expect(loop.windowsMs()).toEqual([10, 11, 10]);
    loop.read(12);
    await loop.endTurn(12.01);
    const [fromMs, toMs, originMs] = loop.windowsMs();
    expect(fromMs).toBeGreaterThan(11);
    expect([toMs, originMs]).toEqual([12, 10]);
    expect(loop.lateness.take().reads).toBe(3);
  });
});

describe('ProbeTimes', () => {
  it('keeps when a probe left, or was due if it was held up', () => {
    const times = new ProbeTimes(createSharedProbes());
    times.announce(10 * MS);
    times.announce(20 * MS);
    times.send(11 * MS);
    times.send(25 * MS);
    expect([times.sentNs(0), times.sentNs(1)]).toEqual([11 * MS, 20 * MS]);
    expect(times.overdueNs(2, 1e12)).toBe(Infinity);
  });

  it('goes round its room', () => {
    const times = new ProbeTimes(createSharedProbes());
    for (let i = 0; i < 20_000; i++) {
      times.announce(i);
      times.send(i);
    }
    expect(times.sentNs(19_999)).toBe(19_999);
    expect(times.hasLeft(19_999)).toBe(true);
    expect(times.hasLeft(20_000)).toBe(false);
  });

  it('draws gaps of a Poisson process', () => {
    const gaps = Array.from({ length: 1000 }, (_, i) => exponentialGapNs(250, (i + 0.5) / 1000));
    expect(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length / MS).toBeCloseTo(4, 1);
    expect(gaps.filter((gap) => gap > 4 * MS).length / gaps.length).toBeCloseTo(Math.exp(-1), 2);
  });
});
