import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // For what hangs; a machine with other things to do may take long over the rest.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    pool: 'forks',
    // More than the cores of a small machine: most of the time of most tests is waiting.
    maxWorkers: 3,
  },
});
