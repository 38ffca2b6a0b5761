/**
 * For a thread that waits by letting its event loop turn: how much is allocated between two collections of young objects.
 *
 * Each turn allocates some 200 bytes in Node, 150 MB/s. With the 1 MB that V8 starts from, which never grows since nothing survives, that
 * was 160 collections a second of 0.2 ms each, and the p99 of the issue delay. Costs up to 64 MB of memory a thread.
 */
export const SPINNING_THREAD_FLAG = '--min-semi-space-size=32';
