import { RandomSource } from '../core/random.ts';

/** An M/G/k queue whose service times are partly fixed and partly exponential: answers that wait for one of so many places. */
export interface SimulatedServer {
  readonly slots: number;
  /** Mean service time, s. */
  readonly service: number;
  /** The share of it that is always the same. */
  readonly fixed: number;
  /** Of the TTFT at the percentile, s. */
  readonly limit: number;
  readonly percentile: number;
}

/** What a probe of it saw. */
export interface ObservedQueue {
  readonly requests: number;
  /** How many of them had a TTFT below the limit. */
  readonly kept: number;
  /** In flight, a value a second. */
  readonly inFlight: readonly number[];
}

/** How a probe goes: requests a second, for how long, and how long before the part that counts. `speed`: of the server, around 1. */
export interface SimulatedProbe {
  readonly rate: number;
  readonly seconds: number;
  readonly buildUp: number;
  readonly speed: number;
}

/** Runs the queue, empty at first, for a while. */
export function observeQueue(
  { slots, service, fixed, limit }: SimulatedServer,
  { rate, seconds, buildUp, speed }: SimulatedProbe,
  random: RandomSource,
): ObservedQueue {
  const freeAt = new Float64Array(slots);
  const mean = service / speed;
  const changes = new Float64Array(Math.ceil(seconds) + 1);
  let [now, requests, kept] = [0, 0, 0];
  for (;;) {
    now += random.exponential(rate);
    if (now >= buildUp + seconds) break;
    let slot = 0;
    for (let i = 1; i < slots; i++) if (freeAt[i]! < freeAt[slot]!) slot = i;
    const begin = Math.max(now, freeAt[slot]!);
    const end = begin + mean * (fixed - (1 - fixed) * Math.log(1 - random.uniform()));
    freeAt[slot] = end;
    changes[Math.max(0, Math.floor(now - buildUp))]! += 1;
    const leaves = Math.max(0, Math.floor(end - buildUp));
    if (leaves < changes.length) changes[leaves]! -= 1;
    if (now < buildUp) continue;
    requests++;
    if (begin - now + (0.05 + 0.02 * random.uniform()) / speed < limit) kept++;
  }
  let level = 0;
  const inFlight = Array.from(changes.subarray(0, -1), (change) => (level += change));
  return { requests, kept, inFlight };
}

/** The highest rate at which it keeps its limit, by one very long probe for each of some loads. */
export function capacityOfQueue(server: SimulatedServer): number {
  const { slots, service, percentile } = server;
  let [low, high] = [(0.5 * slots) / service, (slots / service) * 1.02];
  for (let i = 0; i < 10; i++) {
    const rate = (low + high) / 2;
    const probe = { rate, seconds: 300_000 / rate, buildUp: 10 * service, speed: 1 };
    const { requests, kept } = observeQueue(server, probe, new RandomSource(1));
    if (kept > (percentile / 100) * requests) low = rate;
    else high = rate;
  }
  return (low + high) / 2;
}
