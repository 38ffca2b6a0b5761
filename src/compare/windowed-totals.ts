import type { Throughput } from '../core/throughput.ts';

/** Bins of equal length from `startNs` to `endNs`, of which the windows count. */
export interface WindowedBinning {
  readonly startNs: number;
  readonly endNs: number;
  readonly binCount: number;
  readonly windows: Throughput['parts'];
}

/** How much of what came lies in each bin and in a window. */
export class WindowedTotals {
  readonly amounts: Float64Array;
  readonly #binning: WindowedBinning;
  readonly #binNs: number;

  constructor(binning: WindowedBinning) {
    this.amounts = new Float64Array(binning.binCount);
    this.#binning = binning;
    this.#binNs = (binning.endNs - binning.startNs) / binning.binCount;
  }

  /** Something that came evenly over a time, or at one moment. */
  add(fromNs: number, toNs: number, amount: number): void {
    const { windows } = this.#binning;
    for (const { start_ns: openNs, end_ns: closeNs } of windows) {
      if (toNs > fromNs) this.#spread(fromNs, toNs, amount, openNs, closeNs);
      else if (toNs >= openNs && toNs < closeNs) this.amounts[this.#binOf(toNs)]! += amount;
    }
  }

  #spread(fromNs: number, toNs: number, amount: number, openNs: number, closeNs: number): void {
    const { startNs, binCount } = this.#binning;
    const [partFromNs, partToNs] = [Math.max(fromNs, openNs), Math.min(toNs, closeNs)];
    if (!(partToNs > partFromNs)) return;
    for (let bin = this.#binOf(partFromNs); bin <= this.#binOf(partToNs); bin++) {
      const binFromNs = bin === 0 ? -Infinity : startNs + bin * this.#binNs;
      const binToNs = bin === binCount - 1 ? Infinity : startNs + (bin + 1) * this.#binNs;
      const insideNs = Math.min(partToNs, binToNs) - Math.max(partFromNs, binFromNs);
      this.amounts[bin]! += (amount * Math.max(0, insideNs)) / (toNs - fromNs);
    }
  }

  #binOf(timeNs: number): number {
    const { startNs, binCount } = this.#binning;
    return Math.max(0, Math.min(binCount - 1, Math.floor((timeNs - startNs) / this.#binNs)));
  }
}
