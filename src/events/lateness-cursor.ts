import { WINDOW_NUMBERS } from './lateness-windows.ts';

/** Windows passed that are kept before they are let go of. */
const KEPT_PASSED = 4096 * WINDOW_NUMBERS;

/** The windows of one worker, walked along with its reads. */
export class LatenessCursor {
  #windows: number[] = [];
  #at = 0;
  /** When the window at hand begins and ends; Infinity where there is none yet. */
  #fromNs = Infinity;
  #toNs = Infinity;

  /** Later ones than those before. */
  add(windows: Float64Array): void {
    if (this.#at > KEPT_PASSED) {
      this.#windows = this.#windows.slice(this.#at);
      this.#at = 0;
    }
    for (const number of windows) this.#windows.push(number);
    this.#look();
  }

  /** How late a read at this time may be by its window, ns; 0 outside of all. Times do not go back. @hot */
  lateNs(readNs: number): number {
    if (readNs < this.#fromNs) return 0;
    while (readNs > this.#toNs) {
      this.#at += WINDOW_NUMBERS;
      this.#look();
    }
    return readNs < this.#fromNs ? 0 : readNs - this.#windows[this.#at + 2]!;
  }

  #look(): void {
    this.#fromNs = this.#windows[this.#at] ?? Infinity;
    this.#toNs = this.#windows[this.#at + 1] ?? Infinity;
  }
}
