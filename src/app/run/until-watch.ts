import { durationText } from '../../core/quantity-text.ts';
import { NS_PER_MS } from '../../core/time.ts';
import { readUntilSoFar, type UntilEnd, type UntilSoFar } from '../../core/until.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import { untilStatusText } from '../../rules/until-text.ts';

export interface UntilWatchOptions {
  readonly minDurationMs: number;
  /** Now, ns since the run's origin. */
  readonly nowNs: () => number;
  /** Told once: of the first moment at which all is known well enough. */
  readonly onTight: (end: UntilEnd, text: string) => void;
}

/** Reads off live snapshots how well the figures are known that may end the run. */
export class UntilWatch {
  readonly #options: UntilWatchOptions;
  #latest: UntilSoFar | undefined;
  #isOver = false;

  constructor(options: UntilWatchOptions) {
    this.#options = options;
  }

  look({ extras }: Pick<MetricsSnapshot, 'extras'>): void {
    const soFar = readUntilSoFar(extras);
    if (this.#isOver || soFar === undefined) return;
    this.#latest = soFar;
    const isLongEnough = soFar.measured_ns >= this.#options.minDurationMs * NS_PER_MS;
    if (!isLongEnough || !soFar.rules.every((rule) => rule.is_tight)) return;
    this.#isOver = true;
    this.#options.onTight(this.#endOf(soFar, true), textOf(soFar));
  }

  /** The load has ended: how well the figures were known, where that is not what ended it. */
  end(): readonly [UntilEnd, string] | undefined {
    if (this.#isOver || this.#latest === undefined) return undefined;
    this.#isOver = true;
    return [this.#endOf(this.#latest, false), textOf(this.#latest)];
  }

  #endOf(soFar: UntilSoFar, isTight: boolean): UntilEnd {
    return { is_tight: isTight, at_ns: this.#options.nowNs(), ...soFar };
  }
}

function textOf({ rules, measured_ns: measuredNs }: UntilSoFar): string {
  return `after ${durationText(measuredNs)}: ${rules.map(untilStatusText).join('; ')}`;
}
