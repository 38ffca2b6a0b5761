import type { RandomSource } from '../../src/core/random.ts';

/** A sample of a simulated run, in seconds; one that hangs never counts for the truth. */
export interface SimulatedSample {
  readonly issuedS: number;
  readonly endedS: number;
}

/** A run against a server whose rate is known. */
export interface SimulatedRun {
  readonly samples: readonly SimulatedSample[];
  /** Requests a second that the server answers under this load. */
  readonly truePerSecond: number;
}

const MEAN_S = 1;
/** A request that hangs is given up after so long. */
const HANG_S = 60;

/** A gamma-like service time of mean 1 s: steady for a variation of 0, exponential for 1. */
function serviceS(random: RandomSource, variation: number): number {
  return MEAN_S * (1 - variation + variation * random.exponential(1));
}

/** `slots` requests in flight at all times, each served at once; `hanging`: the request with this number never ends. */
export function closedLoop(
  random: RandomSource,
  {
    slots,
    count,
    variation,
    hanging = -1,
  }: { slots: number; count: number; variation: number; hanging?: number },
): SimulatedRun {
  const freeAt = new Float64Array(slots);
  const samples = Array.from({ length: count }, (_, i) => {
    const slot = freeAt.indexOf(Math.min(...freeAt));
    const issuedS = freeAt[slot]!;
    const endedS = issuedS + (i === hanging ? HANG_S : serviceS(random, variation));
    freeAt[slot] = endedS;
    return { issuedS, endedS };
  });
  // A slot that hangs answers nothing, and so is no part of what the server does.
  return { samples, truePerSecond: (hanging < 0 ? slots : slots - 1) / MEAN_S };
}

/** Poisson arrivals; the server has `servers` slots and a queue without end. */
export function openLoop(
  random: RandomSource,
  options: { rate: number; durationS: number; servers: number; variation: number; hanging?: number },
): SimulatedRun {
  const { rate, durationS, servers, variation, hanging = -1 } = options;
  const issued: number[] = [];
  for (let atS = random.exponential(rate); atS < durationS; atS += random.exponential(rate)) issued.push(atS);
  const samples = queued(random, issued, servers, variation, hanging);
  return { samples, truePerSecond: Math.min(rate, servers / MEAN_S) };
}

/** All at once. */
export function burst(
  random: RandomSource,
  {
    count,
    servers,
    variation,
    hanging = -1,
  }: { count: number; servers: number; variation: number; hanging?: number },
): SimulatedRun {
  const samples = queued(random, new Array<number>(count).fill(0), servers, variation, hanging);
  return { samples, truePerSecond: Math.min(count, servers) / MEAN_S };
}

/** First come, first served. A request that hangs takes no slot: it hangs in the network. */
function queued(
  random: RandomSource,
  issued: readonly number[],
  servers: number,
  variation: number,
  hanging: number,
): SimulatedSample[] {
  const freeAt = new Float64Array(Math.min(servers, issued.length));
  return issued.map((issuedS, i) => {
    if (i === hanging) return { issuedS, endedS: issuedS + HANG_S };
    let slot = 0;
    for (let s = 1; s < freeAt.length; s++) if (freeAt[s]! < freeAt[slot]!) slot = s;
    const endedS = Math.max(issuedS, freeAt[slot]!) + serviceS(random, variation);
    freeAt[slot] = endedS;
    return { issuedS, endedS };
  });
}
