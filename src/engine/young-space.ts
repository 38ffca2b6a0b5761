import { setFlagsFromString } from 'node:v8';

const SEMI_SPACE_MB = 32;
/** The program's bound for its main thread, as in src/cli/main.ts and bin/inferometer. */
export const MAIN_THREAD_FLAG = '--max-semi-space-size=8';

/**
 * Flags of V8 for engine threads, read as a thread begins.
 *
 * `max`: after a stall, in which many objects survive, V8 would double the young space and never give it back: memory that a long run
 * seems to leak. The program's own bound is for its main thread and too small here.
 *
 * `min`, for a thread that waits by letting its event loop turn: how much is allocated between two collections of young objects. Each turn
 * allocates some 200 bytes in Node, 150 MB/s. With the 1 MB that V8 starts from, which never grows since nothing survives, that
 * was 160 collections a second of 0.2 ms each, and the p99 of the issue delay. Costs up to 64 MB of memory a thread.
 */
export const YOUNG_SPACE_FLAGS = {
  max: `--max-semi-space-size=${SEMI_SPACE_MB}`,
  min: `--min-semi-space-size=${SEMI_SPACE_MB}`,
} as const;

/** Sets the flags for threads that begin from now on. Whoever started Node with a bound of their own keeps it. */
export function sizeYoungSpaces(isSpinning: boolean): void {
  const bounds = process.execArgv.filter((flag) => flag.startsWith('--max-semi-space-size'));
  if (bounds.every((flag) => flag === MAIN_THREAD_FLAG)) setFlagsFromString(YOUNG_SPACE_FLAGS.max);
  if (isSpinning) setFlagsFromString(YOUNG_SPACE_FLAGS.min);
}
