import { InferometerError } from '../core/errors.ts';
import { join } from 'node:path';
import type { AggregatorProcess } from '../app/fold/aggregator-process.ts';
import { defaultCalibrationPath } from '../app/machine/calibration-file.ts';
import type { ClusterOptions } from '../app/cluster/cluster-options.ts';
import { runBenchmark } from '../app/run/run-benchmark.ts';
import type { SloOptions } from '../app/reports/slo-files.ts';
import { resolveConfig } from '../config/resolve.ts';
import { configFileOf, type ConfigFlags } from './config-flags.ts';
import { eventBusOf, type EventFlags } from './event-flags.ts';
import { openPage } from './open-page.ts';
import { createRunScreen, type RunScreenOptions } from './run-screen.ts';
import { type ViewFlags, viewKeyOf, withViews } from './view-flags.ts';

/** What the command line of `run` came to. */
export interface RunInvocation {
  readonly config: ConfigFlags;
  readonly outPath: string | undefined;
  /** Flag → the texts given for it, in order. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** How it is shown here, and where else. */
  readonly shown: RunScreenOptions;
  /** The page of the report, in a browser at the end. */
  readonly opensPage: boolean;
  /** Files of plugins. */
  readonly plugins: readonly string[];
  readonly views: ViewFlags;
  readonly events: EventFlags;
  readonly slos: SloOptions;
  /** Load generators that share it; default: this machine is the only one. */
  readonly cluster?: ClusterOptions | undefined;
  readonly aggregator: AggregatorProcess;
}

/** Runs the benchmark that file, environment and flags describe. Returns the exit code. */
export async function runWith(invocation: RunInvocation): Promise<number> {
  const { outPath, flags, shown, views, events, slos, cluster, aggregator } = invocation;
  const { viewAddress } = views;
  if (cluster !== undefined && invocation.plugins.length > 0)
    throw unfitFlags('--plugin', 'no code is sent to agents; leave out --agents');
  const plugins =
    invocation.plugins.length === 0
      ? undefined
      : await (await import('../app/run/plugins.ts')).loadPlugins(invocation.plugins);
  const file = await configFileOf(invocation.config, process.env);
  const config = resolveConfig({ file, environment: process.env, flags });
  if (invocation.opensPage && !config.report_html)
    throw unfitFlags('--open', 'it opens report.html, which --report-html off leaves out');
  const screen = createRunScreen(process, shown);
  for (const note of file?.notes ?? []) screen.log.warning(`--config: ${note}`);
  let runPath: string | undefined;
  const exitCode = await runBenchmark(config, {
    outPath,
    calibrationPath: defaultCalibrationPath(process.env),
    aggregator,
    plugins,
    view:
      viewAddress === undefined
        ? undefined
        : { address: viewAddress, key: viewKeyOf(undefined, process.env) },
    events: eventBusOf(events),
    slos,
    cluster,
    samplesOf: file?.samplesOf,
    screen: await withViews(
      {
        ...screen,
        finished: (report, path, reportFile) => {
          runPath = path;
          screen.finished(report, path, reportFile);
        },
      },
      views,
      process.env,
    ),
  });
  if (invocation.opensPage && runPath !== undefined) openPage(join(runPath, 'report.html'), screen.log);
  return exitCode;
}

function unfitFlags(flag: string, why: string): InferometerError {
  return new InferometerError('INFEROMETER_CLI_FLAG', 'input', `${flag}: ${why}`);
}
