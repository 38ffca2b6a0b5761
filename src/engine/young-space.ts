const SEMI_SPACE_MB = 32;
/** V8 counts three semi-spaces: two, and room for as much that survives. */
const SEMI_SPACES = 3;

/**
 * For a thread that waits by letting its event loop turn: how much is allocated between two collections of young objects.
 *
 * Each turn allocates some 200 bytes in Node, 150 MB/s. With the 1 MB that V8 starts from, which never grows since nothing survives, that
 * was 160 collections a second of 0.2 ms each, and the p99 of the issue delay. Costs up to 64 MB of memory a thread.
 */
export const SPINNING_THREAD_FLAG = `--min-semi-space-size=${SEMI_SPACE_MB}`;

/**
 * For every engine thread: the young space may not grow beyond that. V8 would double it after a stall, in which many objects survive, and never
 * give it back: memory that a long run seems to leak.
 */
export const YOUNG_SPACE_LIMIT = { maxYoungGenerationSizeMb: SEMI_SPACES * SEMI_SPACE_MB };
