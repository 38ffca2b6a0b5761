import { describe, expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import {
  capacityOfQueue,
  type ObservedQueue,
  observeQueue,
  type SimulatedServer,
} from '../testing/simulated-queue.ts';
import { intervalRanks } from '../stats/quantile-interval.ts';
import { keepsGrowing } from './backlog.ts';
import {
  type Capacity,
  CapacitySearch,
  type Probe,
  type ProbeOutcome,
  type SearchRange,
} from './capacity-search.ts';

/** As a report judges it: by the interval from order statistics, which takes the values for independent. */
function judge({ requests, kept, inFlight }: ObservedQueue): ProbeOutcome {
  const { lower = 0, upper = Infinity } = intervalRanks(requests, 99);
  const holds = kept > 0.99 * (requests - 1);
  if (keepsGrowing(inFlight)) return { verdict: 'missed', holds: false };
  return { verdict: kept >= upper ? 'met' : kept < lower ? 'missed' : 'undecided', holds };
}

const LONGEST_S = 360;

/** A search against a server whose speed differs by 1 % from probe to probe, and drifts by 2 % over the search. */
function searchOn(server: SimulatedServer, range: SearchRange, seed: number): Capacity {
  const random = new RandomSource(seed);
  const search = new CapacitySearch(range);
  const drift = seed % 2 === 0 ? 0.02 : -0.02;
  for (let i = 0; ; i++) {
    const probe = search.next();
    if (probe === undefined) return search.capacity;
    const speed = 1 + 0.01 * random.normal() + drift * (Math.min(1, i / 20) - 0.5);
    const length = LONGEST_S * probe.share;
    search.record(
      probe,
      judge(observeQueue(server, { rate: probe.load, seconds: length, buildUp: length / 4, speed }, random)),
    );
  }
}

const SERVERS: readonly SimulatedServer[] = [
  { slots: 8, service: 0.4, fixed: 0.6, limit: 0.4, percentile: 99 },
  { slots: 16, service: 0.5, fixed: 0.2, limit: 0.5, percentile: 99 },
  { slots: 12, service: 0.8, fixed: 0.8, limit: 0.6, percentile: 99 },
  { slots: 4, service: 0.1, fixed: 0.4, limit: 0.3, percentile: 99 },
];

/** A server of which every probe tells the truth. */
function sharpSearch(range: SearchRange, isKept: (load: number) => boolean): CapacitySearch {
  const search = new CapacitySearch(range);
  for (let probe = search.next(); probe !== undefined; probe = search.next()) {
    const holds = isKept(probe.load);
    search.record(probe, { verdict: holds ? 'met' : 'missed', holds });
  }
  return search;
}

describe('CapacitySearch', () => {
  it('finds the capacity of a noisy queue that drifts, within 5 % in 95 of 100 searches, and knows how sure it is', () => {
    let [close, covered] = [0, 0];
    for (const [s, server] of SERVERS.entries()) {
      const truth = capacityOfQueue(server);
      for (let i = 0; i < 25; i++) {
        const { place, value, low, high } = searchOn(
          server,
          { low: 1, high: 500, isWhole: false },
          1000 * s + i,
        );
        expect(place).toBe('found');
        if (Math.abs(value! / truth - 1) <= 0.05) close++;
        if (low! <= truth && high! >= truth) covered++;
      }
    }
    expect(close).toBeGreaterThanOrEqual(95);
    expect(covered).toBeGreaterThanOrEqual(90);
  });

  it('takes few probes where they tell the truth, and confirms with long ones', () => {
    const { capacity } = sharpSearch({ low: 1, high: 500, isWhole: false }, (load) => load <= 42);
    expect(capacity.value).toBeGreaterThan(41);
    expect(capacity.value).toBeLessThan(43);
    expect(capacity.low! <= 42 && capacity.high! >= 42).toBe(true);
    expect(capacity.isSharp).toBe(true);
    expect(capacity.probes).toBeLessThan(30);
  });

  it('asks for whole numbers alone where loads are whole', () => {
    const search = new CapacitySearch({ low: 1, high: 512, isWhole: true });
    for (let probe = search.next(); probe !== undefined; probe = search.next()) {
      expect(Number.isInteger(probe.load)).toBe(true);
      const holds = probe.load <= 7;
      search.record(probe, { verdict: holds ? 'met' : 'missed', holds });
    }
    expect(search.capacity.value).toBe(7);
  });

  it('tells a capacity outside of the range, after probes of full length', () => {
    const beyond = sharpSearch({ low: 1, high: 10, isWhole: true }, () => true);
    expect(beyond.capacity).toMatchObject({ place: 'beyond', value: null });
    const below = sharpSearch({ low: 5, high: 10, isWhole: true }, () => false);
    expect(below.capacity).toMatchObject({ place: 'below', value: null, probes: 3 });
  });

  it('gets over a fluke while it doubles', () => {
    const search = new CapacitySearch({ low: 1, high: 500, isWhole: false });
    let isFluke = true;
    for (let probe = search.next(); probe !== undefined; probe = search.next()) {
      const holds = probe.load <= 30 && !(probe.load === 16 && isFluke);
      if (probe.load === 16) isFluke = false;
      search.record(probe, { verdict: holds ? 'met' : 'missed', holds });
    }
    expect(Math.abs(search.capacity.value! / 30 - 1)).toBeLessThan(0.05);
  });

  it('goes the same way when it is told the same again', () => {
    const outcome = ({ load }: Probe): ProbeOutcome => ({
      verdict: load <= 20 ? 'met' : 'missed',
      holds: load <= 20,
    });
    const probes: Probe[] = [];
    const first = new CapacitySearch({ low: 1, high: 100, isWhole: false });
    for (let probe = first.next(); probe !== undefined; probe = first.next()) {
      probes.push(probe);
      first.record(probe, outcome(probe));
    }
    const second = new CapacitySearch({ low: 1, high: 100, isWhole: false });
    for (const probe of probes) {
      expect(second.next()).toEqual(probe);
      second.record(probe, outcome(probe));
    }
    expect(second.capacity).toEqual(first.capacity);
  });
});

describe('keepsGrowing', () => {
  it('sees a queue that takes more than it serves, and none in a busy one that keeps up', () => {
    const server = { slots: 16, service: 0.5, fixed: 0.2, limit: Infinity, percentile: 99 };
    const full = server.slots / server.service;
    const grows = (rate: number, seed: number) =>
      keepsGrowing(
        observeQueue(server, { rate, seconds: 60, buildUp: 5, speed: 1 }, new RandomSource(seed)).inFlight,
      );
    const seeds = Array.from({ length: 40 }, (_, i) => i);
    expect(seeds.filter((seed) => grows(1.15 * full, seed)).length).toBeGreaterThanOrEqual(38);
    expect(seeds.filter((seed) => grows(0.7 * full, seed)).length).toBeLessThanOrEqual(1);
  });

  it('takes no few requests for a backlog', () => {
    expect(keepsGrowing([1, 2, 2, 3, 3, 4])).toBe(false);
    expect(keepsGrowing([10, 20, 30])).toBe(false);
    expect(keepsGrowing([10, 12, 14, 17, 19, 24])).toBe(true);
  });
});
