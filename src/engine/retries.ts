import { NS_PER_MS, type RunClock } from '../core/time.ts';
import type { PlannedCancels } from './planned-cancels.ts';
import { CANCELLED, CANCELLED_BY_PLAN, type Failure } from './failure.ts';
import type { RetryRules } from './retry-rules.ts';

/** A sample from its first attempt to its end. */
interface TriedSample {
  readonly row: number;
  readonly dueNs: number;
  readonly firstIssuedNs: number;
  attempt: number;
  /** Its reader has seen output, and cannot be given another. */
  hasChunk: boolean;
  /** Until the next attempt, which is planned; undefined while one is under way. */
  waitMs: number | undefined;
  timer: NodeJS.Timeout | undefined;
}

export interface RetriesOptions {
  readonly clock: RunClock;
  readonly rules: RetryRules;
  readonly plannedCancels: PlannedCancels | undefined;
  /** The next attempt. */
  readonly send: (seq: number, row: number, dueNs: number) => void;
  /** Ends a sample that waits, with its record. */
  readonly end: (seq: number, failure: Failure, nowNs: number) => void;
}

/**
 * The samples of one worker at one endpoint that may be sent again, and those that wait for it. Only in runs with `--retry`; costs a map entry for each
 * sample in flight.
 */
export class Retries {
  readonly #options: RetriesOptions;
  readonly #samples = new Map<number, TriedSample>();

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  /** An attempt is issued; returns its number, from 1. */
  issued(seq: number, atNs: number, dueNs: number, row: number): number {
    const known = this.#samples.get(seq);
    if (known === undefined) {
      const first = { row, dueNs, firstIssuedNs: atNs, attempt: 1, hasChunk: false };
      this.#samples.set(seq, { ...first, waitMs: undefined, timer: undefined });
      return 1;
    }
    known.attempt += 1;
    return known.attempt;
  }

  /** Whether an attempt has been issued, and the sample has not ended. */
  has(seq: number): boolean {
    return this.#samples.has(seq);
  }

  onFirstChunk(seq: number): void {
    this.#samples.get(seq)!.hasChunk = true;
  }

  /** The sample has ended for good. */
  over(seq: number): void {
    clearTimeout(this.#samples.get(seq)?.timer);
    this.#samples.delete(seq);
  }

  /** An attempt has failed: returns its number and how long to wait for the next, or undefined when the sample has failed with it. */
  failed(seq: number, failure: Failure): { readonly attempt: number; readonly waitMs: number } | undefined {
    const sample = this.#samples.get(seq)!;
    const { attempt, hasChunk } = sample;
    const waitMs = hasChunk ? undefined : this.#options.rules.waitMsAfter(seq, attempt, failure);
    if (waitMs === undefined) return undefined;
    sample.waitMs = waitMs;
    return { attempt, waitMs };
  }

  /** The connection of an attempt is done with it. True when another follows, whose wait begins now. */
  goesOn(seq: number): boolean {
    const sample = this.#samples.get(seq);
    if (sample?.waitMs === undefined) return false;
    const { clock } = this.#options;
    const cancelMs = this.#cancelMs(seq, sample, clock.nowNs());
    if (cancelMs !== undefined && cancelMs <= sample.waitMs) {
      sample.timer = setTimeout(
        () => this.#end(seq, CANCELLED_BY_PLAN, clock.nowNs()),
        Math.max(0, cancelMs),
      );
    } else {
      sample.timer = setTimeout(() => this.#sendAgain(seq, sample), sample.waitMs);
    }
    return true;
  }

  /** From an attempt that is issued now until it is cancelled by plan, ms: that counts from the first. */
  cancelMsOf(seq: number, delayMs: number): number {
    const sample = this.#samples.get(seq);
    if (sample === undefined) return delayMs;
    return Math.max(0, delayMs - (this.#options.clock.nowNs() - sample.firstIssuedNs) / NS_PER_MS);
  }

  /** Ends those that wait. */
  cancelAll(nowNs: number): void {
    for (const [seq, { waitMs }] of [...this.#samples]) {
      if (waitMs !== undefined) this.#end(seq, CANCELLED, nowNs);
    }
  }

  /** Forgets all. */
  close(): void {
    for (const { timer } of this.#samples.values()) clearTimeout(timer);
    this.#samples.clear();
  }

  #cancelMs(seq: number, { firstIssuedNs }: TriedSample, nowNs: number): number | undefined {
    const delayMs = this.#options.plannedCancels?.delayMsOf(seq);
    return delayMs === undefined ? undefined : delayMs - (nowNs - firstIssuedNs) / NS_PER_MS;
  }

  #sendAgain(seq: number, sample: TriedSample): void {
    sample.waitMs = undefined;
    sample.timer = undefined;
    this.#options.send(seq, sample.row, sample.dueNs);
  }

  #end(seq: number, failure: Failure, nowNs: number): void {
    this.over(seq);
    this.#options.end(seq, failure, nowNs);
  }
}
