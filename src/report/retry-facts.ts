import { countedText, countText } from '../core/quantity-text.ts';

/** What `--retry` did for the measured samples of a run. */
export interface RetryFacts {
  /** Samples of which an attempt failed and was to be followed by another. */
  readonly samples: number;
  /** Attempts that were sent after such a one. */
  readonly retries: number;
  /** What became of these samples in the end; the others are in flight. */
  readonly succeeded: number;
  readonly errored: number;
  readonly cancelled: number;
  /** Why attempts failed that were followed by another, most frequent first. */
  readonly errorsByType: Readonly<Record<string, number>>;
}

/** Null for a run in which nothing was retried. Never throws. */
export function readRetries(extras: { readonly [key: string]: unknown }): RetryFacts | null {
  const { retries: facts } = extras;
  if (typeof facts !== 'object' || facts === null || Array.isArray(facts)) return null;
  const fields = facts as Readonly<Record<string, unknown>>;
  const count = (value: unknown) => (typeof value === 'number' && value >= 0 ? value : 0);
  return {
    samples: count(fields.samples),
    retries: count(fields.retries),
    succeeded: count(fields.succeeded),
    errored: count(fields.errored),
    cancelled: count(fields.cancelled),
    errorsByType: Object.fromEntries(
      Object.entries(Object(fields.errors_by_type) as object).map(([type, value]) => [type, count(value)]),
    ),
  };
}

/** `12 samples, 15 retries (after http_429 13, http_503 2): 10 succeeded, 2 failed all the same`. */
export function retryText(facts: RetryFacts): string {
  const { samples, retries, succeeded, errored, cancelled, errorsByType } = facts;
  const types = Object.entries(errorsByType).map(([type, count]) => `${type} ${countText(count)}`);
  const open = samples - succeeded - errored - cancelled;
  return (
    `${countedText(samples, 'sample')} retried, ${countedText(samples + retries, 'attempt')} in all ` +
    `(after ${types.join(', ')}): ${countText(succeeded)} succeeded after a retry, ${countText(errored)} failed in the end` +
    (cancelled === 0 ? '' : `, ${countText(cancelled)} cancelled`) +
    (open <= 0 ? '' : `, ${countText(open)} in flight`)
  );
}

export function retriesToJson({ errorsByType, ...counts }: RetryFacts): Record<string, unknown> {
  return { ...counts, errors_by_type: errorsByType };
}
