import { EventKind, isSessionKind } from '../core/event-types.ts';

/**
 * One session out of those of several publishers: it starts with the first of them, measures while any does, and ends with the last one. A single
 * publisher's session is taken as it is, oddities included.
 */
export class JointSession {
  readonly #started: boolean[];
  readonly #tracking: boolean[];
  readonly #ended: boolean[];
  /** Those that are not waited for. */
  readonly #lost: boolean[];

  constructor(publishers: number) {
    this.#started = Array.from({ length: publishers }, () => false);
    this.#tracking = [...this.#started];
    this.#ended = [...this.#started];
    this.#lost = [...this.#started];
  }

  /** Events of a publisher behind its end count for nothing. */
  hasEnded(publisher: number): boolean {
    return this.#ended.length > 1 && (this.#ended[publisher]! || this.#lost[publisher]!);
  }

  /** It is not waited for any more, and what it says later counts for nothing. */
  giveUp(publisher: number): void {
    this.#lost[publisher] = true;
    this.#tracking[publisher] = false;
  }

  /** All are waited for again. */
  waitAgain(): void {
    this.#lost.fill(false);
  }

  /** Notes what a publisher says; false for what says nothing of the joint session. */
  takes(publisher: number, kind: EventKind): boolean {
    if (this.#ended.length === 1 || !isSessionKind(kind)) return true;
    if (this.hasEnded(publisher)) return false;
    switch (kind) {
      case EventKind.sessionStarted: {
        const isAgain = this.#started[publisher]!;
        const isFirst = !this.#started.includes(true);
        this.#started[publisher] = true;
        return isFirst || isAgain;
      }
      case EventKind.sessionStartTracking:
        this.#tracking[publisher] = true;
        return true;
      case EventKind.sessionStopTracking:
        this.#tracking[publisher] = false;
        return !this.#tracking.includes(true);
      case EventKind.sessionEnded:
        this.#ended[publisher] = true;
        return this.#ended.every((hasEnded, i) => hasEnded || this.#lost[i]);
      default:
        return true;
    }
  }
}
