import { CapacityPosterior } from './capacity-posterior.ts';
import { CONFIDENCE } from './run-means.ts';

/** Where to look for a capacity. */
export interface SearchRange {
  readonly low: number;
  readonly high: number;
  /** Loads are whole numbers, such as requests in flight. */
  readonly isWhole: boolean;
}

export interface Probe {
  readonly load: number;
  /** Of the longest probe. */
  readonly share: 0.25 | 0.5 | 1;
}

/** How a probe stood to the SLOs; a growing backlog is `missed`, whatever the SLOs say. */
export interface ProbeOutcome {
  readonly verdict: 'met' | 'missed' | 'undecided';
  /** Whether the figures themselves kept the limits, to make something of an undecided probe. */
  readonly holds: boolean;
}

export interface SeenProbe extends Probe, ProbeOutcome {}

/** What is known of the capacity. `below` and `beyond`: it lies outside of the range; `open`: the search goes on. */
export interface Capacity {
  readonly place: 'found' | 'below' | 'beyond' | 'open';
  /** The load, its interval with 95 % confidence; null unless it is found, or bracketed already. */
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly probes: number;
  /** The interval is as narrow as the search wants it; false when the probes were used up. */
  readonly isSharp: boolean;
}

/** Half of the interval, as a share of the capacity. */
const TOLERANCE = 0.04;
/** Whole probes beside the capacity before it is believed. */
const FEWEST_FULL = 4;
export const MOST_PROBES = 40;
/** Of half the length: where the server is so noisy that these do not narrow it down, only longer ones do. */
const MOST_HALVES = 10;
/** How often a probe of such a length misleads: a short one ends before the queue has grown to its length. */
const DOUBTS: Readonly<Record<Probe['share'], number>> = { 0.25: 0.2, 0.5: 0.08, 1: 0.02 };
const UNSURE_DOUBT = 0.35;
/** The capacity may lie beside the loads between which probes saw it, after a fluke. */
const BESIDE = 2;

/**
 * Finds the highest load at which a noisy server keeps its SLOs. It doubles the load until they are missed, then probes where half of what is
 * known puts the capacity to either side, with longer probes the nearer it is, and confirms with probes of full length. It is told what its
 * probes showed and nothing else, so that the same outcomes give the same search.
 */
export class CapacitySearch {
  readonly #range: SearchRange;
  readonly #seen: SeenProbe[] = [];
  #posterior: CapacityPosterior | undefined;

  constructor(range: SearchRange) {
    this.#range = range;
  }

  /** Undefined when the search is over. */
  next(): Probe | undefined {
    const last = this.#seen.at(-1);
    if (last === undefined) return { load: this.#range.low, share: 0.25 };
    if (this.#isOver) return undefined;
    return this.#posterior === undefined ? this.#nextDoubling(last) : this.#nextNear(this.#posterior);
  }

  record(probe: Probe, outcome: ProbeOutcome): void {
    const seen = { ...probe, ...outcome };
    this.#seen.push(seen);
    if (this.#posterior !== undefined) this.#posterior.add(evidenceOf(seen));
    else if (this.#endsDoubling(seen)) this.#posterior = this.#bracketed();
  }

  get capacity(): Capacity {
    const probes = this.#seen.length;
    const nowhere = { value: null, low: null, high: null, probes, isSharp: false };
    if (this.#isBelow) return { ...nowhere, place: 'below' };
    if (this.#isBeyond) return { ...nowhere, place: 'beyond' };
    const posterior = this.#posterior;
    if (posterior === undefined) return { ...nowhere, place: 'open' };
    const at = (probability: number) => this.#clamped(posterior.quantile(probability));
    return {
      place: this.#isOver ? 'found' : 'open',
      ...{ value: at(0.5), low: at((1 - CONFIDENCE) / 2), high: at((1 + CONFIDENCE) / 2) },
      ...{ probes, isSharp: this.#isSharp },
    };
  }

  get #isOver(): boolean {
    return this.#isBelow || this.#isBeyond || this.#isSharp || this.#seen.length >= MOST_PROBES;
  }

  get #isBelow(): boolean {
    const lowest = this.#seen.filter(({ load, share }) => load === this.#range.low && share === 1);
    return lowest.length >= 2 && lowest.every(({ holds }) => !holds);
  }

  get #isBeyond(): boolean {
    const last = this.#seen.at(-1);
    return this.#posterior === undefined && last?.load === this.#range.high && last.share === 1 && last.holds;
  }

  get #isSharp(): boolean {
    const posterior = this.#posterior;
    if (posterior === undefined) return false;
    const [low, value, high] = [
      posterior.quantile((1 - CONFIDENCE) / 2),
      posterior.quantile(0.5),
      posterior.quantile((1 + CONFIDENCE) / 2),
    ];
    const isNear = ({ load, share }: SeenProbe) => share === 1 && load >= low / 1.05 && load <= high * 1.05;
    if (this.#seen.filter(isNear).length < FEWEST_FULL) return false;
    return high - low <= 2 * TOLERANCE * value || (this.#range.isWhole && high - low < 1);
  }

  /** The SLOs were missed, if need be by a probe of full length. */
  #endsDoubling({ verdict, share, load, holds }: SeenProbe): boolean {
    if (load === this.#range.low) return false;
    return verdict === 'missed' || (share === 1 && !holds);
  }

  #nextDoubling({ load, share, holds }: SeenProbe): Probe {
    const { low, high } = this.#range;
    // What ends the search has to be seen by probes of full length.
    if ((load === low && !holds) || load === high) return { load, share: 1 };
    // While it doubles, a higher load brings more samples than a longer probe does.
    if (!holds && share < 1) return { load, share: longer(share) };
    return { load: this.#clamped(Math.min(high, load * 2)), share: 0.25 };
  }

  #nextNear(posterior: CapacityPosterior): Probe {
    const [low, high] = [posterior.quantile(0.025), posterior.quantile(0.975)];
    const halves = this.#seen.filter(({ share }) => share === 0.5).length;
    if (high / low > 1 + 8 * TOLERANCE && halves < MOST_HALVES)
      return { load: this.#clamped(posterior.quantile(0.5)), share: 0.5 };
    // From both sides in turn: how sharp the border is shows beside it.
    const probability = this.#seen.length % 2 === 0 ? 0.15 : 0.85;
    return { load: this.#clamped(posterior.quantile(probability)), share: 1 };
  }

  /** What the doubling has shown. */
  #bracketed(): CapacityPosterior {
    const missed = this.#seen.at(-1)!.load;
    const kept = this.#seen.findLast((seen) => seen.load < missed && seen.holds)?.load ?? this.#range.low;
    const posterior = new CapacityPosterior(kept / BESIDE, missed * BESIDE);
    for (const seen of this.#seen) if (seen.load >= kept / BESIDE) posterior.add(evidenceOf(seen));
    return posterior;
  }

  #clamped(load: number): number {
    const { low, high, isWhole } = this.#range;
    return Math.min(high, Math.max(low, isWhole ? Math.round(load) : Number(load.toPrecision(3))));
  }
}

/** That the figure alone kept its limit says less than that it missed it: the worst of a long run is seldom in a short one. */
function evidenceOf({ load, holds, share, verdict }: SeenProbe) {
  const isUnsure = verdict === 'undecided' && holds;
  return { load, isKept: holds, doubt: isUnsure ? Math.max(UNSURE_DOUBT, DOUBTS[share]) : DOUBTS[share] };
}

function longer(share: Probe['share']): Probe['share'] {
  return share === 0.25 ? 0.5 : 1;
}
