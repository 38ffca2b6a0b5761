import { readFile } from 'node:fs/promises';
import type { AggregatorProcess } from '../app/fold/aggregator-process.ts';
import { defaultCalibrationPath } from '../app/machine/calibration-file.ts';
import { runBenchmark } from '../app/run/run-benchmark.ts';
import type { ConfigFile } from '../config/config-file.ts';
import { resolveConfig } from '../config/resolve.ts';
import { errorText } from '../core/errors.ts';
import { eventBusOf, type EventFlags } from './event-flags.ts';
import { givenText } from './flag-values.ts';
import { createRunScreen, type RunScreenOptions } from './run-screen.ts';
import { type ViewFlags, viewKeyOf, withViews } from './view-flags.ts';

/** What the command line of `run` came to. */
export interface RunInvocation {
  readonly configPath: string | undefined;
  readonly outPath: string | undefined;
  /** Flag → the texts given for it, in order. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** How it is shown here, and where else. */
  readonly shown: RunScreenOptions;
  readonly views: ViewFlags;
  readonly events: EventFlags;
  readonly aggregator: AggregatorProcess;
}

/** Runs the benchmark that file, environment and flags describe. Returns the exit code. */
export async function runWith(invocation: RunInvocation): Promise<number> {
  const { configPath, outPath, flags, shown, views, events, aggregator } = invocation;
  const { viewAddress } = views;
  const file =
    configPath === undefined
      ? undefined
      : await readConfigFile(givenText('--config', configPath, 'a YAML file'));
  const config = resolveConfig({ file, environment: process.env, flags });
  return runBenchmark(config, {
    outPath,
    calibrationPath: defaultCalibrationPath(process.env),
    aggregator,
    view:
      viewAddress === undefined
        ? undefined
        : { address: viewAddress, key: viewKeyOf(undefined, process.env) },
    events: eventBusOf(events),
    screen: await withViews(createRunScreen(process, shown), views, process.env),
  });
}

async function readConfigFile(path: string): Promise<ConfigFile> {
  // Only those who have a file need the parser.
  const { configError, parseConfigFile } = await import('../config/config-file.ts');
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw configError(path, `can't be read: ${errorText(error)}`);
  }
  return parseConfigFile(text, path);
}
