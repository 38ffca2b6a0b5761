const SEMI_SPACE_MB = 32;

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
