/** What a probe at a load showed. */
export interface LoadSeen {
  readonly load: number;
  readonly isKept: boolean;
  /** How likely it shows the contrary of what is, however far the load is from the capacity. */
  readonly doubt: number;
}

const POINTS = 320;
/** Over how large a factor of load probes of one load may come out either way: noise of the server and of short probes. */
const WIDTHS = [0.005, 0.015, 0.04, 0.1] as const;

/**
 * What is known of a capacity: how likely each load is to be the highest one that is kept, and how sharp that border is. Each probe makes what
 * would have led to it more likely (Kontsevich and Tyler, Vision Research 39 (1999)). Some 10 µs a probe.
 */
export class CapacityPosterior {
  readonly #logs: Float64Array;
  readonly #weights: readonly Float64Array[];

  /** Nothing is known but that it lies between the two, each place on a logarithmic scale as likely as the others. */
  constructor(low: number, high: number) {
    const [first, last] = [Math.log(low), Math.log(high)];
    this.#logs = Float64Array.from({ length: POINTS }, (_, i) => first + ((last - first) * i) / (POINTS - 1));
    this.#weights = WIDTHS.map(() => new Float64Array(POINTS).fill(1 / (POINTS * WIDTHS.length)));
  }

  add({ load, isKept, doubt }: LoadSeen): void {
    const at = Math.log(load);
    let total = 0;
    this.#weights.forEach((weights, w) => {
      for (let i = 0; i < POINTS; i++) {
        const kept = doubt + (1 - 2 * doubt) / (1 + Math.exp((at - this.#logs[i]!) / WIDTHS[w]!));
        weights[i]! *= isKept ? kept : 1 - kept;
        total += weights[i]!;
      }
    });
    for (const weights of this.#weights) for (let i = 0; i < POINTS; i++) weights[i]! /= total;
  }

  /** The load below which the capacity lies with this probability. */
  quantile(probability: number): number {
    let [below, i] = [0, 0];
    for (; i < POINTS - 1; i++) {
      const here = this.#weightAt(i);
      if (below + here >= probability) {
        const inside = here > 0 ? (probability - below) / here : 0.5;
        const step = this.#logs[1]! - this.#logs[0]!;
        return Math.exp(this.#logs[i]! + (inside - 0.5) * step);
      }
      below += here;
    }
    return Math.exp(this.#logs[i]!);
  }

  #weightAt(i: number): number {
    return this.#weights.reduce((sum, weights) => sum + weights[i]!, 0);
  }
}
