// The library: `import { runBenchmark } from 'inferometer'`. These exports follow semantic versioning; nothing else is public.
export { compareRuns, type CompareOptions } from './compare.ts';
export type { MessageListener } from './messages.ts';
export { openRunLog, readRun, type ReadOptions, type RecordedRun, type RunLog } from './read.ts';
export type * from './results.ts';
export { runBenchmark, type Run, type RunOptions, type RunResult } from './run.ts';
export type { RunSettings } from './run-settings.ts';
export { InferometerError, type ErrorKind } from '../core/errors.ts';
