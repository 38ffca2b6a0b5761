import type { ArrivalProcess } from './arrival-process.ts';

/** Arrivals at even gaps: arrival i comes at i / rate, so rounding never adds up. */
export const CONSTANT: ArrivalProcess = {
  create: () => {
    let next = 0;
    return { next: () => next++ };
  },
};
