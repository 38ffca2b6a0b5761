import { existsSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type Command, Option } from 'commander';
import { METRICS_RANGES, type MetricsSettings } from '../app/run-folder/run-header.ts';
import type { LauncherOptions, ServiceOptions } from '../app/service/service-options.ts';
import { parseDecimal, parseDurationMs } from '../config/units.ts';
import { createLog } from '../core/log.ts';
import { terminalSummary } from '../report/terminal-summary.ts';
import { addRepeatable, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { choiceOf, flagError, givenText, wholeNumberOf } from './flag-values.ts';
import { PlainProgress, QuietProgress } from './plain-progress.ts';
import type { RunProgress } from './run-progress.ts';
import { viewKeyOf } from './view-flags.ts';

interface Flags {
  readonly connect?: readonly string[];
  readonly out?: string;
  readonly streaming?: string | true;
  readonly tokenizer?: string;
  readonly publish?: string;
  readonly publishInterval: string;
  readonly drainTimeout?: string;
  readonly wait: string;
  readonly quiet?: boolean;
  readonly socketDir?: string;
  readonly socketName?: string;
  readonly metricsSocket?: string;
  readonly metricsOutputDir?: string;
  readonly readinessPath?: string;
  readonly readinessId: string;
  readonly hdrSigFigs?: string;
  readonly nHistogramBuckets?: string;
  readonly earlyStopping?: boolean;
  readonly tokenizerWorkers?: string;
}

const LONGEST_MS = 2 ** 31 - 1;
const DRAIN_TIMEOUT = '60s';

export function aggregateCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('aggregate', COMMANDS.aggregate, [
    'inferometer aggregate --connect ipc:///dev/shm/zmq_1a2b/ev_pub_3c4d --out runs/theirs',
    'inferometer aggregate --connect tcp://10.0.0.5:5600 --connect tcp://10.0.0.6:5600 --wait 5m',
    'inferometer aggregate --out runs/theirs           # goes on with it after a crash',
    'inferometer watch runs/theirs                     # from another terminal; report, serve, … work as well',
    'inferometer aggregate --socket-dir /dev/shm/zmq_1a2b --socket-name ev_pub_3c4d --metrics-socket metrics_pub_5e6f --metrics-output-dir report/metrics',
  ]);
  addRepeatable(
    command,
    '--connect <address>',
    'event bus to subscribe to: ipc://path or tcp://host:port; several make one run',
  );
  command
    .option(
      '--out <dir>',
      'run directory; that of an aggregation that was cut off is continued (default runs/<time>-<id>)',
    )
    .option(
      '--streaming [mode]',
      'whether responses are streamed, so that TTFT, TPOT and chunk gaps exist: on or off (default on; with --socket-dir off)',
    )
    .option('--tokenizer <path>', 'tokenizer.json or its folder; counts input and output tokens')
    .option(
      '--publish <address>',
      'publish snapshots here too: ipc://path, or tcp://host:port with a key beyond the loopback (INFEROMETER_VIEW_KEY)',
    )
    .option(
      '--publish-interval <time>',
      'time between live snapshots; 0 = none; a bare number is in seconds',
      '250ms',
    )
    .option(
      '--drain-timeout <time>',
      `how long to wait for token counts at the end; 0 = without limit (default ${DRAIN_TIMEOUT}; with --socket-dir 0)`,
    )
    .option(
      '--wait <time>',
      'how long to wait for a publisher that is not there, at the start and later; 0 = for ever',
      '60s',
    )
    .option('--quiet', 'print only problems and the summary');
  command.optionsGroup("Flags of MLCommons endpoints' aggregator:");
  for (const [flags, help] of LAUNCHER_FLAGS) command.addOption(new Option(flags, help));
  command.option('--readiness-id <n>', 'number to report there', '0');
  return command.action(async (flags: Flags) => finish(await aggregate(flags)));
}

const LAUNCHER_FLAGS = [
  ['--socket-dir <dir>', 'directory of its sockets'],
  ['--socket-name <name>', 'socket of events in it; like --connect ipc://<dir>/<name>'],
  ['--metrics-socket <name>', 'socket of snapshots in it; like --publish ipc://<dir>/<name>'],
  [
    '--metrics-output-dir <dir>',
    'existing directory for final_snapshot.json and .ready; the run directory is made in it (inferometer/) unless --out names one',
  ],
  ['--readiness-path <name>', 'socket in --socket-dir to report readiness to'],
  ['--hdr-sig-figs <n>', 'significant figures of live histograms, 1 to 5 (default 3)'],
  ['--n-histogram-buckets <n>', 'buckets of histograms (default 30)'],
  ['--early-stopping', "compute MLPerf's early-stopping percentiles"],
  ['--tokenizer-workers <n>', 'accepted and ignored: tokens are counted in a thread of their own'],
] as const;

async function aggregate(flags: Flags): Promise<number> {
  const { stdout, stderr } = process;
  const launcher = launcherOf(flags);
  const isQuiet = flags.quiet === true || launcher !== undefined;
  const progress: RunProgress = isQuiet ? new QuietProgress(stderr) : new PlainProgress(stderr);
  const log = createLog((line, level) => progress.note(line, level));
  const options = optionsOf(flags, launcher);
  if (options.tokenizerPath !== undefined && launcher === undefined)
    await (await import('../app/run/prepare.ts')).checkTokenizer(options.tokenizerPath);
  const { runService } = await import('../app/service/service.ts');
  const { exitCode, path, report } = await runService({
    ...options,
    onSnapshot: (snapshot) => progress.show(snapshot),
    log,
  });
  if (report !== undefined && launcher === undefined)
    stdout.write(`${terminalSummary(report).join('\n')}\n\n${path}\n`);
  return exitCode;
}

function optionsOf(
  flags: Flags,
  launcher: LauncherOptions | undefined,
): Omit<ServiceOptions, 'onSnapshot' | 'log'> {
  const { socketName, metricsSocket } = flags;
  return {
    addresses: [
      ...(flags.connect ?? []),
      ...(socketName === undefined ? [] : [socketAddress('--socket-name', socketName, flags)]),
    ],
    outPath: givenText('--out', flags.out, 'a directory'),
    streaming: streamingOf(flags.streaming),
    streamingByDefault: flags.socketDir === undefined,
    tokenizerPath: givenText('--tokenizer', flags.tokenizer, 'a tokenizer.json or its folder'),
    publishAddress:
      metricsSocket === undefined
        ? givenText('--publish', flags.publish, 'ipc://<path> or tcp://<host>:<port>')
        : socketAddress('--metrics-socket', metricsSocket, flags),
    publishKey: viewKeyOf(undefined, process.env),
    publishIntervalMs: timeOf('--publish-interval', flags.publishInterval),
    drainTimeoutMs: timeOf(
      '--drain-timeout',
      flags.drainTimeout ?? (launcher === undefined ? DRAIN_TIMEOUT : '0'),
    ),
    waitMs: timeOf('--wait', flags.wait),
    metrics: metricsOf(flags),
    launcher,
  };
}

function metricsOf({ hdrSigFigs, nHistogramBuckets, earlyStopping }: Flags): MetricsSettings {
  const [leastFigures, mostFigures] = METRICS_RANGES.significantFigures;
  const [leastBuckets, mostBuckets] = METRICS_RANGES.bucketCount;
  return {
    ...(hdrSigFigs === undefined
      ? {}
      : { significant_figures: wholeNumberOf('--hdr-sig-figs', hdrSigFigs, leastFigures, mostFigures) }),
    ...(nHistogramBuckets === undefined
      ? {}
      : {
          bucket_count: wholeNumberOf('--n-histogram-buckets', nHistogramBuckets, leastBuckets, mostBuckets),
        }),
    ...(earlyStopping === undefined ? {} : { early_stopping: earlyStopping }),
  };
}

/** Whoever names the directory of the final snapshot is a launcher: there its files are, and it waits for us to be ready. */
function launcherOf(flags: Flags): LauncherOptions | undefined {
  const { metricsOutputDir, readinessPath, readinessId, tokenizerWorkers } = flags;
  if (tokenizerWorkers !== undefined) wholeNumberOf('--tokenizer-workers', tokenizerWorkers, 0, 1024);
  if (metricsOutputDir === undefined) {
    if (readinessPath !== undefined)
      throw flagError('--readiness-path', readinessPath, 'given with --metrics-output-dir');
    return undefined;
  }
  if (!existsSync(metricsOutputDir) || !statSync(metricsOutputDir).isDirectory())
    throw flagError('--metrics-output-dir', metricsOutputDir, 'a directory that exists');
  const id = wholeNumberOf('--readiness-id', readinessId, 0, Number.MAX_SAFE_INTEGER);
  return {
    outputPath: metricsOutputDir,
    ready:
      readinessPath === undefined
        ? undefined
        : { address: socketAddress('--readiness-path', readinessPath, flags), id },
  };
}

/** A socket by its address, its path, or its name in the directory of sockets. */
function socketAddress(flag: string, name: string, { socketDir }: Flags): string {
  if (/^(ipc|tcp):\/\//.test(name)) return name;
  if (isAbsolute(name)) return `ipc://${name}`;
  if (socketDir === undefined || name === '')
    throw flagError(flag, name, 'the name of a socket, with its --socket-dir');
  return `ipc://${join(socketDir, name)}`;
}

function streamingOf(given: string | true | undefined): boolean | undefined {
  if (given === undefined || given === true) return given;
  return choiceOf('--streaming', given, ['on', 'off']) === 'on';
}

/** A time, or seconds. */
function timeOf(flag: string, text: string): number {
  const seconds = parseDecimal(text);
  const ms = seconds === undefined ? parseDurationMs(text) : seconds * 1000;
  if (ms !== undefined && ms >= 0 && ms <= LONGEST_MS) return ms;
  throw flagError(flag, text, `a time from 0 to ${LONGEST_MS / 1000} s, such as 250ms or 60s`);
}
