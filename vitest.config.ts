import { defineConfig } from 'vitest/config';

// Threads and servers of tests start from the sources. Stripping the types off each time costs twice the thread itself, so Node keeps
// what it made of a module. Read as a process starts: this one has started, its workers haven't.
process.env['NODE_COMPILE_CACHE'] ??= new URL('.cache/compiled', import.meta.url).pathname;

/** Tests beside the sources that need a process of their own: one replaces modules, one starts hundreds of processes, which a large one does slowly. */
const ALONE = ['src/core/guessed-name.test.ts', 'src/app/machine/cpu-pinning.test.ts'];

const COMMON = {
  // For what hangs; a machine with other things to do may take long over the rest.
  testTimeout: 90_000,
  hookTimeout: 90_000,
  pool: 'forks',
} as const;

export default defineConfig({
  test: {
    // More than the cores of a small machine: most of the time of most tests is waiting.
    maxWorkers: 3,
    projects: [
      {
        // Small and many: a process for each would take longer than they do.
        test: {
          ...COMMON,
          name: 'units',
          include: ['src/**/*.test.ts'],
          exclude: ALONE,
          isolate: false,
        },
      },
      {
        test: { ...COMMON, name: 'whole', include: ['test/**/*.test.ts', ...ALONE] },
      },
    ],
  },
});
