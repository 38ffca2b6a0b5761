/** One stretch of tracking: what was issued between a START and the STOP that follows. */
export interface TrackingWindow {
  readonly startNs: number;
  /** Latest completion of a sample issued in it and not cancelled, also after its STOP; `startNs` while there is none. */
  readonly lastCompleteNs: number;
  readonly completedCount: number;
}

interface OpenWindow {
  startNs: number;
  lastCompleteNs: number;
  completedCount: number;
}

/**
 * Which samples count, and how long that took.
 *
 * Two durations: the sum over the windows, and MLPerf LoadGen's, which runs from the first tracked issue to the
 * completion of the sample that was issued last among those completed.
 */
export class TrackingWindows {
  readonly #windows: OpenWindow[] = [];
  #isTracking = false;
  #firstIssuedNs = NaN;
  #latestIssueNs = NaN;
  #lastIssuedNs = -Infinity;
  #lastIssuedCompleteNs = NaN;

  get isTracking(): boolean {
    return this.#isTracking;
  }

  /** Index of the latest window; -1 before the first. */
  get latestIndex(): number {
    return this.#windows.length - 1;
  }

  get windows(): readonly TrackingWindow[] {
    return this.#windows;
  }

  /** Opens a window; nothing while one is open. */
  start(timestampNs: number): void {
    if (this.#isTracking) return;
    this.#isTracking = true;
    this.#windows.push({ startNs: timestampNs, lastCompleteNs: timestampNs, completedCount: 0 });
  }

  stop(): void {
    this.#isTracking = false;
  }

  /** @hot */
  onIssued(timestampNs: number): void {
    if (Number.isNaN(this.#firstIssuedNs)) this.#firstIssuedNs = this.#latestIssueNs = timestampNs;
    else if (timestampNs > this.#latestIssueNs) this.#latestIssueNs = timestampNs;
  }

  /** A sample of window `index`, issued at `issuedNs`, has ended. Of samples issued at once the first to end counts. @hot */
  onComplete(index: number, issuedNs: number, timestampNs: number): void {
    const window = this.#windows[index]!;
    window.completedCount++;
    if (timestampNs > window.lastCompleteNs) window.lastCompleteNs = timestampNs;
    if (issuedNs > this.#lastIssuedNs) {
      this.#lastIssuedNs = issuedNs;
      this.#lastIssuedCompleteNs = timestampNs;
    }
  }

  /** From the first tracked issue to the latest, whatever became of them; 0 before there are two. */
  issuingNs(): number {
    const issuingNs = this.#latestIssueNs - this.#firstIssuedNs;
    return issuingNs > 0 ? issuingNs : 0;
  }

  /** The run gave up a sample of window `index`: when that was says nothing of how long the measurement took. */
  onCancelled(index: number): void {
    this.#windows[index]!.completedCount++;
  }

  /** Sum over the windows, each from its start to its last completion. Windows may overlap, so it may pass the wall time. */
  durationNs(): number {
    return this.#windows.reduce((sumNs, window) => sumNs + window.lastCompleteNs - window.startNs, 0);
  }

  /** LoadGen's duration; 0 when no tracked sample has completed, never negative. */
  loadgenDurationNs(): number {
    const durationNs = this.#lastIssuedCompleteNs - this.#firstIssuedNs;
    return durationNs > 0 ? durationNs : 0;
  }
}
