import { NS_PER_SECOND } from '../core/time.ts';

/** One exchange of times with another machine, each in ns of its own monotonic clock. */
export interface ClockPing {
  /** Here, when the question went out and when the answer came. */
  readonly sentNs: bigint;
  readonly receivedNs: bigint;
  /** There, in between. */
  readonly remoteNs: bigint;
}

/** How far the other clock is ahead of ours. */
export interface OffsetEstimate {
  readonly offsetNs: bigint;
  /** The true offset at that time is no further away than this: half of the round trip, since the answer was written somewhere in it. */
  readonly errorNs: number;
  /** When, on our clock. */
  readonly atNs: bigint;
}

/** How far two undisciplined quartz clocks may drift apart, at most: what an old ping loses of its worth with time. */
const DRIFT_ALLOWANCE = 50e-6;

/**
 * The offset between our monotonic clock and that of another machine, from pings.
 *
 * The ping with the shortest round trip tells most: whatever delayed one of the two messages shows in its round trip, so the others
 * are only used for as long as drift has made the best one worth less. Constant memory for constant times; pings that are worse than a
 * later one are forgotten.
 */
export class ClockOffset {
  #pings: OffsetEstimate[] = [];
  #first: OffsetEstimate | undefined;
  #count = 0;

  add({ sentNs, receivedNs, remoteNs }: ClockPing): void {
    const atNs = (sentNs + receivedNs) / 2n;
    const ping: OffsetEstimate = {
      atNs,
      offsetNs: remoteNs - atNs,
      errorNs: Math.ceil(Number(receivedNs - sentNs) / 2),
    };
    this.#count += 1;
    this.#pings = this.#pings.filter((other) => errorAt(other, atNs) < ping.errorNs);
    this.#pings.push(ping);
  }

  /** Pings so far. */
  get count(): number {
    return this.#count;
  }

  /** The best estimate for a time on our clock, with what drift may have added to its error; undefined before the first ping. */
  at(atNs: bigint): OffsetEstimate | undefined {
    const best = this.#pings.reduce<OffsetEstimate | undefined>(
      (least, ping) => (least === undefined || errorAt(ping, atNs) < errorAt(least, atNs) ? ping : least),
      undefined,
    );
    return best && { ...best, errorNs: errorAt(best, atNs) };
  }

  /** The estimate at that time is the one that drift is measured from. */
  settle(atNs: bigint): OffsetEstimate | undefined {
    this.#first = this.at(atNs);
    return this.#first;
  }

  /**
   * How much faster the other clock runs, in parts per million, from the settled estimate to the best at that time; null while the errors
   * of both could explain it.
   */
  driftPpm(atNs: bigint): number | null {
    const [from, to] = [this.#first, this.#pings.at(-1)];
    if (from === undefined || to === undefined || to.atNs <= from.atNs) return null;
    const latest = this.at(atNs) ?? to;
    const elapsedNs = Number(latest.atNs - from.atNs);
    const changeNs = Number(latest.offsetNs - from.offsetNs);
    if (elapsedNs < NS_PER_SECOND || Math.abs(changeNs) <= from.errorNs + latest.errorNs) return null;
    return (changeNs / elapsedNs) * 1e6;
  }
}

function errorAt({ errorNs, atNs }: OffsetEstimate, whenNs: bigint): number {
  const ageNs = Number(whenNs > atNs ? whenNs - atNs : atNs - whenNs);
  return errorNs + Math.ceil(ageNs * DRIFT_ALLOWANCE);
}
