/** How well a figure is known so far, in a run that ends once it is known well enough. */
export interface UntilStatus {
  /** `ttft p99 ±3 %`. */
  readonly rule: string;
  readonly unit: 'ns' | 'tokens' | 'per_second';
  /** Null before there is any. */
  readonly value: number | null;
  /** Where the figure lies with 95 % confidence, whenever one looks; null where there are too few values for that end. */
  readonly low: number | null;
  readonly high: number | null;
  /** Both ends are within the tolerance of the rule. */
  readonly is_tight: boolean;
  /** The number of values it rests on; for a rate, the seconds. */
  readonly of: number;
}

/** In the extras of live snapshots as `until_so_far`. */
export interface UntilSoFar {
  /** Since the first measured sample was issued, ns. */
  readonly measured_ns: number;
  readonly rules: readonly UntilStatus[];
}

/** How a run with such rules ended; recorded in its log, and in the extras of a snapshot as `until`. */
export interface UntilEnd {
  /** All rules were: that ended the run. Else something else did. */
  readonly is_tight: boolean;
  readonly at_ns: number;
  readonly measured_ns: number;
  readonly rules: readonly UntilStatus[];
}

/** Reads it off the extras of a snapshot; undefined for a run without such rules. Never throws. */
export function readUntilSoFar(extras: Extras): UntilSoFar | undefined {
  return isUntil(extras?.until_so_far) ? (extras.until_so_far as UntilSoFar) : undefined;
}

/** The same of how it ended. */
export function readUntilEnd(extras: Extras): UntilEnd | undefined {
  return isUntil(extras?.until) ? (extras.until as UntilEnd) : undefined;
}

type Extras = { readonly [key: string]: unknown } | undefined;

function isUntil(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const { rules, measured_ns: measuredNs } = value as Partial<UntilSoFar>;
  return typeof measuredNs === 'number' && Array.isArray(rules) && rules.every(isStatus);
}

function isStatus(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { rule, unit, value: figure, low, high, of } = value as Record<string, unknown>;
  const isNumber = (one: unknown) => one === null || Number.isFinite(one);
  return (
    typeof rule === 'string' &&
    ['ns', 'tokens', 'per_second'].includes(unit as string) &&
    [figure, low, high].every(isNumber) &&
    Number.isFinite(of)
  );
}
