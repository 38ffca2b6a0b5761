import { defaultCalibrationPath } from '../app/machine/calibration-file.ts';
import { loadPlugins } from '../app/run/plugins.ts';
import type { RunScreen } from '../app/run/run-screen.ts';
import { runBenchmark as runToReport } from '../app/run/run-benchmark.ts';
import type { ShutdownLadder } from '../app/run/shutdown.ts';
import { LiveUpdates } from '../app/views/live-updates.ts';
import { resolveConfig } from '../config/resolve.ts';
import { progressJson } from '../live/json-lines.ts';
import { resultSummaryText } from '../report/json.ts';
import { Latest } from './parts/latest.ts';
import type { MessageListener } from './messages.ts';
import { logFor } from './parts/log-for.ts';
import type { RunProgress, RunReport } from './results.ts';
import type { RunSettings } from './run-settings.ts';

export interface RunOptions {
  /** Folder of the run; default `runs/<time>-<id>`. Must not exist yet. */
  readonly out?: string;
  /** Aborted, the run sends nothing more, cancels what is in flight and reports what it has. */
  readonly signal?: AbortSignal;
  /** Environment variables to take settings, the API key and proxies from, such as `process.env`; default: none. Those that say where caches are, and `HF_TOKEN`, are
   * read from the process in any case: docs/library.md. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Files of plugins, whose APIs and dataset formats the settings may name: docs/extending.md. */
  readonly plugins?: readonly string[];
  readonly onMessage?: MessageListener;
}

/** A run that is over and has a report. */
export interface RunResult {
  /** Its folder, for `readRun`, `openRunLog` and `compareRuns`. */
  readonly path: string;
  readonly report: RunReport;
  /** As of `inferometer run`: 0, or why not (4 failed, 5 invalid, 7 an SLO was missed, 130 aborted). */
  readonly exitCode: number;
}

/** A run under way: iterate over it for its progress, await `result` for its end. */
export interface Run extends AsyncIterable<RunProgress> {
  /** Rejects with an `InferometerError` when settings or set-up prevent a run. Failures of the endpoint are in the report. */
  readonly result: Promise<RunResult>;
}

/** Starts a run. The machine should have nothing else to do: workers and the aggregator are threads and processes of their own. */
export function runBenchmark(settings: RunSettings, options: RunOptions = {}): Run {
  const progress = new Latest<RunProgress>();
  const result = run(settings, options, progress).finally(() => progress.end());
  // Who iterates first awaits it later.
  result.catch(() => undefined);
  return { result, [Symbol.asyncIterator]: () => progress[Symbol.asyncIterator]() };
}

async function run(
  settings: RunSettings,
  { out, signal, environment = {}, plugins = [], onMessage }: RunOptions,
  progress: Latest<RunProgress>,
): Promise<RunResult> {
  const loaded = plugins.length === 0 ? undefined : await loadPlugins(plugins);
  const config = resolveConfig({
    file: { tree: { ...settings }, placeOf: (path) => path.join('.'), isInMemory: true },
    environment,
    flags: new Map(),
  });
  const updates = new LiveUpdates();
  let done: Pick<RunResult, 'path' | 'report'> | undefined;
  const screen: RunScreen = {
    log: logFor(onMessage),
    isInteractive: false,
    started: () => undefined,
    phase: () => undefined,
    step: () => undefined,
    snapshot: (snapshot) => {
      updates.update(snapshot);
      progress.set(progressJson(updates.latest!) as RunProgress);
    },
    finished: (report, path) => {
      done = { path, report: JSON.parse(resultSummaryText(report)) as RunReport };
    },
    close: () => undefined,
  };
  const exitCode = await runToReport(config, {
    screen,
    outPath: out,
    plugins: loaded,
    calibrationPath: defaultCalibrationPath(process.env),
    stopOn: (ladder) => stopOnAbort(ladder, signal),
  });
  return { ...done!, exitCode };
}

/** Stops and cancels at once; returns a function that ends this. */
function stopOnAbort(ladder: ShutdownLadder, signal: AbortSignal | undefined): () => void {
  const stop = () => {
    ladder.stop();
    ladder.cancel();
  };
  if (signal?.aborted === true) stop();
  signal?.addEventListener('abort', stop, { once: true });
  return () => signal?.removeEventListener('abort', stop);
}
