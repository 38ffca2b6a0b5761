import type { LiveUpdate } from '../live/live-update.ts';
import { FIRST_STATE, type ScreenState } from './keys.ts';

/** What the dashboard was last told, by the run and by keys. */
export interface Told {
  readonly update: LiveUpdate | undefined;
  readonly message: string | undefined;
  readonly screen: ScreenState;
}

/** Between two redraws for new numbers, however often they come. */
const REDRAW_INTERVAL_MS = 240;

/** A line says what just happened; after that time it is no news. */
const MESSAGE_LIFE_MS = 15_000;

/** Holds what the dashboard shows and tells it when to redraw: at once for words, four times a second for numbers. */
export class DashboardStore {
  #told: Told = { update: undefined, message: undefined, screen: FIRST_STATE };
  #waiting: LiveUpdate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #nextMs = 0;
  #messageUntilMs = Infinity;
  readonly #listeners = new Set<() => void>();

  readonly current = (): Told => this.#told;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  show(update: LiveUpdate): void {
    this.#waiting = update;
    const leftMs = this.#nextMs - performance.now();
    if (leftMs <= 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), leftMs);
  }

  /** Shows a line for a while, or until another one comes. */
  tell(message: string): void {
    this.#messageUntilMs = performance.now() + MESSAGE_LIFE_MS;
    this.#change({ message });
  }

  /** Where the keys have led. */
  turn(screen: ScreenState): void {
    this.#change({ screen });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #flush(): void {
    this.close();
    this.#nextMs = performance.now() + REDRAW_INTERVAL_MS;
    const isOld = performance.now() > this.#messageUntilMs;
    this.#change({ update: this.#waiting, ...(isOld ? { message: undefined } : {}) });
  }

  #change(change: Partial<Told>): void {
    this.#told = { ...this.#told, ...change };
    for (const listener of this.#listeners) listener();
  }
}
