/** What a snapshot tells of good samples; counts are of measured samples that ended by themselves. In its extras as `goodput`. */
export interface GoodputFacts {
  /** When a sample is good: `ttft < 500 ms and tpot < 50 ms`. */
  readonly rule: string;
  /** Succeeded or failed. */
  readonly ended: number;
  /** Of these; a failed sample is never good. */
  readonly good: number;
  /** Over the measured window of the run; null before there is one. */
  readonly good_per_second: number | null;
  readonly output_tokens_per_second: number | null;
  /** By endpoint, model and turn, as far as the run has several. */
  readonly parts: readonly GoodputPart[];
}

export interface GoodputPart {
  /** `endpoint`, `model` or `turn`. */
  readonly dimension: string;
  readonly name: string;
  readonly ended: number;
  readonly good: number;
}

/** Reads it off a snapshot's extras; undefined where no rule was given. Never throws. */
export function readGoodput(
  extras: { readonly [key: string]: unknown } | undefined,
): GoodputFacts | undefined {
  const { goodput } = extras ?? {};
  if (!isFields(goodput)) return undefined;
  const { rule, ended, good, good_per_second: rate, output_tokens_per_second: tokens, parts } = goodput;
  const isWhole =
    typeof rule === 'string' &&
    isCount(ended) &&
    isCount(good) &&
    good <= ended &&
    isRate(rate) &&
    isRate(tokens) &&
    Array.isArray(parts) &&
    parts.every(isPart);
  return isWhole ? (goodput as unknown as GoodputFacts) : undefined;
}

function isPart(value: unknown): boolean {
  return (
    isFields(value) &&
    typeof value.dimension === 'string' &&
    typeof value.name === 'string' &&
    isCount(value.ended) &&
    isCount(value.good)
  );
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value);
}

function isRate(value: unknown): boolean {
  return value === null || isCount(value);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
