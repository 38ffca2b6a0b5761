import { NS_PER_SECOND } from '../core/time.ts';

/** The counts rates are made of, at one moment. */
export interface CountedMoment {
  readonly timestampNs: number;
  readonly issued: number;
  readonly ended: number;
  readonly succeeded: number;
  readonly outputTokens: number;
}

/** A second; null where nobody can tell. */
export interface LiveRates {
  readonly issuedPerSecond: number | null;
  readonly endedPerSecond: number | null;
  readonly succeededPerSecond: number | null;
  /** Null also when no output tokens were counted. */
  readonly outputTokensPerSecond: number | null;
}

/** Rates are taken over this time, so that they neither jump nor lag. */
const RATE_WINDOW_NS = 3 * NS_PER_SECOND;
const HISTORY_LENGTH = 240;

/** Rates over the last few seconds of successive moments. */
export class RecentRates {
  #moments: CountedMoment[] = [];
  #history: number[] = [];

  /** Takes the next moment. One that goes back, as after a restart of the aggregator, starts anew. */
  add(now: CountedMoment): LiveRates {
    this.#remember(now);
    const then = this.#moments[0]!;
    const spanNs = now.timestampNs - then.timestampNs;
    return {
      issuedPerSecond: perSecond(now.issued - then.issued, spanNs),
      endedPerSecond: perSecond(now.ended - then.ended, spanNs),
      succeededPerSecond: perSecond(now.succeeded - then.succeeded, spanNs),
      outputTokensPerSecond:
        now.outputTokens === 0 ? null : perSecond(now.outputTokens - then.outputTokens, spanNs),
    };
  }

  /** Samples ended a second between successive moments, oldest first. */
  get endedPerSecondHistory(): readonly number[] {
    return [...this.#history];
  }

  #remember(now: CountedMoment): void {
    const last = this.#moments.at(-1);
    if (last !== undefined && (now.timestampNs < last.timestampNs || now.ended < last.ended))
      this.#moments = [];
    else if (last !== undefined && now.timestampNs > last.timestampNs) {
      this.#history.push(perSecond(now.ended - last.ended, now.timestampNs - last.timestampNs) ?? 0);
      if (this.#history.length > HISTORY_LENGTH) this.#history.shift();
    }
    this.#moments.push(now);
    // The oldest one kept is the youngest outside of the window.
    while (this.#moments.length > 2 && now.timestampNs - this.#moments[1]!.timestampNs >= RATE_WINDOW_NS) {
      this.#moments.shift();
    }
  }
}

/** Null without a span. */
export function perSecond(count: number, spanNs: number): number | null {
  return spanNs > 0 ? Math.max(0, count) / (spanNs / NS_PER_SECOND) : null;
}
