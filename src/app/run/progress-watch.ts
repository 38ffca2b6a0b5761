import type { ErrorData } from '../../core/model-output.ts';
import { countedText, countText } from '../../core/quantity-text.ts';
import type { SampleCounts } from '../../engine/worker-pool.ts';

/** Without a success after this many responses, or this long, something is wrong with the target. */
const TRIES_WITHOUT_SUCCESS = 100;
const MS_WITHOUT_SUCCESS = 5000;
/** And after so long, nothing else is to be expected. */
const HOPELESS_MS = 30_000;
/** A backlog is stuck when it has not shrunk for this long. */
const STUCK_BACKLOG_MS = 5000;

export interface ProgressListener {
  /** Something the user should know now; each is told once. */
  onWarning(message: string): void;
  /** Nothing has succeeded for too long to go on; told once. */
  onHopeless(message: string): void;
}

/** What requests that are due wait for. */
export interface BacklogLimit {
  readonly maxConnections: number;
  /** It is a number of requests in flight, and not of connections that carry one each. */
  readonly isMaxInFlight: boolean;
  /** What sets it. */
  readonly flag: '--max-in-flight' | '--max-connections';
}

/**
 * Watches a load from its counts, a few times a second: whether the target answers at all, and whether requests that are due get out.
 * Only failures speak against a target: one that is slow and has not answered yet is waited for. A target is hopeless when one more request
 * fails after a long time without a success, and more have failed than are under way: not because nothing was sent for that long, nor because a
 * few were turned away while others take their time.
 */
export class ProgressWatch {
  readonly #listener: ProgressListener;
  readonly #limit: BacklogLimit;
  #firstIssuedMs: number | undefined;
  #firstFailure: ErrorData | undefined;
  #saysFirstFailure = true;
  #saysNoSuccess = true;
  #saysHopeless = true;
  #saysBacklog = true;
  #completed = 0;
  #leastWaiting = 0;
  #leastWaitingMs = 0;

  constructor(listener: ProgressListener, limit: BacklogLimit) {
    this.#listener = listener;
    this.#limit = limit;
  }

  /** The first failure that an engine thread met. */
  onFirstFailure(failure: ErrorData): void {
    this.#firstFailure ??= failure;
  }

  /** @param nowMs any monotonic clock. */
  look(counts: SampleCounts, nowMs: number): void {
    if (counts.issued > 0) this.#firstIssuedMs ??= nowMs;
    this.#lookAtFailures(counts, nowMs);
    this.#lookAtBacklog(counts.waiting, nowMs);
  }

  #lookAtFailures({ completed, succeeded, inFlight }: SampleCounts, nowMs: number): void {
    const hasNewFailure = completed > this.#completed;
    this.#completed = completed;
    const failure = this.#firstFailure;
    if (failure === undefined || succeeded > 0 || completed === 0) return;
    if (this.#saysFirstFailure) {
      this.#saysFirstFailure = false;
      this.#listener.onWarning(`the first response failed: ${failureText(failure)}`);
    }
    const sinceFirstMs = nowMs - (this.#firstIssuedMs ?? nowMs);
    const isLong = completed >= TRIES_WITHOUT_SUCCESS || sinceFirstMs >= MS_WITHOUT_SUCCESS;
    if (this.#saysNoSuccess && isLong) {
      this.#saysNoSuccess = false;
      this.#listener.onWarning(`no request has succeeded so far: ${failedText(completed, failure)}`);
    }
    const isHopeless = sinceFirstMs >= HOPELESS_MS && hasNewFailure && completed > inFlight;
    if (this.#saysHopeless && isHopeless) {
      this.#saysHopeless = false;
      const seconds = Math.round(sinceFirstMs / 1000);
      this.#listener.onHopeless(`no request succeeded in ${seconds} s: ${failedText(completed, failure)}`);
    }
  }

  #lookAtBacklog(waiting: number, nowMs: number): void {
    if (waiting === 0 || waiting < this.#leastWaiting || this.#leastWaiting === 0) {
      this.#leastWaiting = waiting;
      this.#leastWaitingMs = nowMs;
      return;
    }
    if (!this.#saysBacklog || nowMs - this.#leastWaitingMs < STUCK_BACKLOG_MS) return;
    this.#saysBacklog = false;
    const { maxConnections, isMaxInFlight, flag } = this.#limit;
    const what = isMaxInFlight
      ? `while ${countText(maxConnections)} are in flight`
      : `for one of ${countedText(maxConnections, 'connection')}`;
    this.#listener.onWarning(
      `${countedText(waiting, 'request')} ${waiting === 1 ? 'is' : 'are'} due and waiting ${what}: raise ${flag}, or lower the rate`,
    );
  }
}

function failedText(completed: number, failure: ErrorData): string {
  return `${countText(completed)} failed, the first with ${failureText(failure)}`;
}

function failureText({ errorType, errorMessage }: ErrorData): string {
  return `${errorType}: ${errorMessage}`;
}
