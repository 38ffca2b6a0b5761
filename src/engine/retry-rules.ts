import { KeyedRandom } from '../core/keyed-random.ts';
import type { Failure } from './failure.ts';

/** Which failures are tried again. Crosses threads by structured clone. */
export interface RetrySettings {
  /** Statuses (`429`), classes of them (`5xx`) and types of failures (`connection_reset`). */
  readonly on: readonly string[];
  /** Times that a sample is tried again at most. */
  readonly max: number;
}

/** A server may ask for more; the sample would hold its place all that time. */
const LONGEST_RETRY_AFTER_MS = 60_000;
/** As the clients of OpenAI have it: half a second, then twice as long each time up to eight, and up to a quarter less. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const JITTER = 0.25;
/** Keeps these draws apart from others by the same seed. */
const PURPOSE = 9;
const KEYS_PER_SAMPLE = 128;

/** Whether a failed attempt is followed by another, and when: a function of the settings, the seed and the number of the sample. */
export class RetryRules {
  readonly #max: number;
  readonly #isRetried: (errorType: string) => boolean;
  readonly #random: KeyedRandom;

  constructor({ on, max }: RetrySettings, seed: number) {
    this.#max = max;
    const types = new Set(on.map((one) => (/^\d\d\d$/.test(one) ? `http_${one}` : one)));
    const classes = new Set(on.filter((one) => /^\dxx$/.test(one)).map((one) => `http_${one[0]!}`));
    this.#isRetried = (type) =>
      types.has(type) || (type.startsWith('http_') && classes.has(type.slice(0, 'http_'.length + 1)));
    this.#random = new KeyedRandom(seed, PURPOSE);
  }

  /** How long to wait before the next attempt, ms; undefined when attempt number `attempt`, from 1, was the last. */
  waitMsAfter(seq: number, attempt: number, failure: Failure): number | undefined {
    if (attempt > this.#max || !this.#isRetried(failure.errorType)) return undefined;
    const asked = failure.retryAfter === undefined ? undefined : retryAfterMs(failure.retryAfter, Date.now());
    if (asked !== undefined) return Math.min(asked, LONGEST_RETRY_AFTER_MS);
    this.#random.start(seq * KEYS_PER_SAMPLE + attempt);
    const longestMs = Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), LONGEST_WAIT_MS);
    return longestMs * (1 - JITTER * this.#random.uniform());
  }
}

/** What a `Retry-After` asks for, seconds or a date (RFC 9110, 10.2.3), in ms from `nowMs`; undefined for what is neither. */
export function retryAfterMs(text: string, nowMs: number): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Only dates of HTTP, in their three forms, begin with the name of a day.
  const dateMs = /^[A-Z][a-z]+,? /.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
