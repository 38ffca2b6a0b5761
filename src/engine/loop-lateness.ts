import type { RunClock } from '../core/time.ts';
import { WINDOW_NUMBERS } from '../events/lateness-windows.ts';
import { LatenessCounts, type SparseCounts } from '../stats/lateness-counts.ts';
import { ProbeTimes, type SharedProbes } from './probe-schedule.ts';

/** A loop that came round and read again within this time had not waited. */
const BUSY_GAP_NS = 50_000;
/**
 * After a turn that ended so long after the loop had asked, what came meanwhile is still to be read, and the loop may have been held up again before it asked. Only a longer rest is one: of such a length that, in a stall, a
 * probe would have left before it was over (at 250 a second but for 1 in 2000).
 */
const LATE_TURN_NS = 1e6;
const SURE_REST_NS = 30e6;
/** Reads that may be later than this are told one by one, by {@link LatenessWindow}; others by their distribution. */
export const TOLD_LATENESS_NS = 200_000;
const MOST_WINDOWS = 1024;

/** How late the reads of a worker were, since the last look. */
export interface LatenessReport {
  /** Probes read, by how late. */
  readonly late: SparseCounts;
  /** The same probes by how much later each was than it would have been taken for, had it been an answer: by the evidence of the others. */
  readonly unseen: SparseCounts;
  /** Reads of answers that are not in a window, by how late they may be for what the loop read before them. */
  readonly waits: SparseCounts;
  /** Reads of answers, all of them, and how many there were in the turn of a read, on average over the reads. */
  readonly reads: number;
  readonly together: number;
}

/**
 * How late a worker reads: since when each read's bytes may have been there. Three things tell:
 *
 * - the turn: bytes that came before the event loop asked for them wait for all that is read before them in that turn, and those that came
 *   while it was still busy with the turn before wait for that too;
 * - probes that are on their way when a turn begins: the loop has not answered since the oldest of them left;
 * - for what no probe saw, the probes themselves: what each was later than the others tell is what an answer at any moment is
 *   (Poisson processes: Slivnyak's theorem).
 *
 * A read costs some 10 ns, a turn of the event loop with reads about 0.5 µs.
 */
export class LoopLateness {
  readonly #clock: RunClock;
  readonly #probes: ProbeTimes;
  readonly #late = new LatenessCounts();
  readonly #unseen = new LatenessCounts();
  readonly #waits = new LatenessCounts();
  readonly #windows = new Float64Array(MOST_WINDOWS * WINDOW_NUMBERS);
  readonly #onRound = () => this.#endTurn(this.#clock.nowNs());
  #windowNumbers = 0;
  #isTurnOpen = false;
  /** First read of the turn, of the part of it not told yet, and its latest. */
  #turnNs = 0;
  #partNs = 0;
  #lastNs = -Infinity;
  #turnEndNs = -Infinity;
  /** When the loop asked for what the turn reads, at the earliest. */
  #askedNs = 0;
  /** Since when bytes that this turn reads may have been there. */
  #originNs = 0;
  /** The same by what is known without the oldest probe, and when that left. */
  #originWithoutNs = 0;
  #oldestNs = Infinity;
  /** The stretch of time in which the loop was at work without a rest. */
  #busyFromNs = -Infinity;
  #busyUntilNs = -Infinity;
  /** Reads of answers in the part of the turn. */
  #turnReads = 0;
  #reads = 0;
  #readsSquared = 0;
  #readProbes: number;

  constructor(clock: RunClock, shared: SharedProbes) {
    this.#clock = clock;
    this.#probes = new ProbeTimes(shared);
    this.#readProbes = this.#probes.sent;
  }

  /** An answer was read. @hot */
  read(atNs: number): void {
    if (!this.#isTurnOpen) this.#beginTurn(atNs);
    this.#lastNs = atNs;
    this.#turnReads += 1;
  }

  /** A request was sent: the loop was at work now, with something else than reading. @hot */
  busy(atNs: number): void {
    this.#probes.addSeen(1);
    if (this.#isTurnOpen) return;
    if (atNs - this.#busyUntilNs > this.#leastRestNs()) this.#busyFromNs = atNs;
    this.#busyUntilNs = atNs;
  }

  /** So many probes were read. */
  readProbes(count: number, atNs: number): void {
    if (!this.#isTurnOpen) this.#beginTurn(atNs);
    for (let i = 0; i < count; i++) {
      const sentNs = this.#probes.sentNs(this.#readProbes++);
      this.#late.add(atNs - sentNs);
      // One that was overdue when the turn began has left by now, and its time may have been taken for a later one.
      const isOldest = i === 0 && this.#oldestNs !== Infinity;
      this.#unseen.add(isOldest ? Math.max(0, this.#originWithoutNs - sentNs) : 0);
      if (isOldest) this.#oldestNs = Infinity;
    }
  }

  /** The windows since the last call, {@link WINDOW_NUMBERS} numbers each; undefined for none. A copy. */
  takeWindows(): Float64Array | undefined {
    if (this.#isTurnOpen) {
      this.#tell();
      this.#partNs = this.#lastNs + 1;
    }
    if (this.#windowNumbers === 0) return undefined;
    const windows = this.#windows.slice(0, this.#windowNumbers);
    this.#windowNumbers = 0;
    return windows;
  }

  /** The report since the last call. */
  take(): LatenessReport {
    const report = {
      late: this.#late.take(),
      unseen: this.#unseen.take(),
      waits: this.#waits.take(),
      reads: this.#reads,
      together: this.#reads === 0 ? 0 : this.#readsSquared / this.#reads,
    };
    this.#reads = 0;
    this.#readsSquared = 0;
    return report;
  }

  #beginTurn(atNs: number): void {
    this.#isTurnOpen = true;
    this.#oldestNs = this.#pendingSinceNs(this.#readProbes, atNs);
    // The loop may have asked as long ago as the oldest probe of the turn before left; what has come since is read only now, unless the
    // loop has rested: it would have asked again at once.
    const askedNs = this.#askedNs;
    const restNs = Math.min(atNs, this.#oldestNs) - this.#busyUntilNs;
    const hasRested = restNs > this.#leastRestNs();
    if (hasRested) this.#busyFromNs = atNs;
    const baseNs = hasRested ? atNs : this.#busyFromNs > this.#turnNs ? this.#busyFromNs : askedNs;
    this.#originWithoutNs = Math.min(baseNs, this.#pendingSinceNs(this.#readProbes + 1, atNs));
    this.#originNs = Math.min(baseNs, this.#oldestNs);
    this.#askedNs = Math.min(atNs, this.#oldestNs);
    this.#turnNs = atNs;
    this.#partNs = atNs;
    this.#lastNs = atNs;
    setImmediate(this.#onRound);
  }

  /** How long the loop must have done nothing for it to have rested, and so asked anew. @hot */
  #leastRestNs(): number {
    return this.#turnEndNs - this.#askedNs > LATE_TURN_NS ? SURE_REST_NS : BUSY_GAP_NS;
  }

  /** A probe that has not left says nothing of the time before the latest turn: it may be the probes' own thread that was held up. */
  #pendingSinceNs(index: number, nowNs: number): number {
    if (this.#probes.hasLeft(index)) return this.#probes.sentNs(index);
    const dueNs = this.#probes.overdueNs(index, nowNs);
    return dueNs < this.#turnNs ? this.#turnNs : dueNs;
  }

  #endTurn(atNs: number): void {
    this.#tell();
    this.#isTurnOpen = false;
    this.#turnEndNs = atNs;
    this.#busyUntilNs = atNs;
  }

  /** Tells the reads of the turn that were not told yet. */
  #tell(): void {
    if (this.#turnReads === 0) return;
    const lateNs = this.#lastNs - this.#originNs;
    if (lateNs > TOLD_LATENESS_NS) this.#addWindow();
    else this.#waits.add(lateNs, this.#turnReads);
    this.#reads += this.#turnReads;
    this.#readsSquared += this.#turnReads * this.#turnReads;
    this.#probes.addSeen(this.#turnReads);
    this.#turnReads = 0;
  }

  #addWindow(): void {
    const windows = this.#windows;
    if (this.#windowNumbers === windows.length) {
      // No worker writes so many between two frames; should one, the last window has to do for the rest.
      windows[this.#windowNumbers - 2] = this.#lastNs;
      return;
    }
    windows[this.#windowNumbers++] = this.#partNs;
    windows[this.#windowNumbers++] = this.#lastNs;
    windows[this.#windowNumbers++] = this.#originNs;
  }
}
