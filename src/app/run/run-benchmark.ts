import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { withStagesOfFile } from '../../config/rate-file.ts';
import { phaseConfigs } from '../../config/run-phases.ts';
import type { RunConfig } from '../../config/schema.ts';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { PluginFiles } from '../../core/plugin-module.ts';
import { countedText } from '../../core/quantity-text.ts';
import type { WarmResult } from '../../engine/worker-messages.ts';
import type { SampleCounts } from '../../engine/worker-pool.ts';
import { checkPlanLimits } from '../../plan/sample-limit.ts';
import { type AbortRule, parseAbortRule } from '../../rules/abort-rule.ts';
import { type LoadEngine, Session } from '../../session/session.ts';
import { FrameKind } from '../../transport/frame.ts';
import { AbortWatch } from './abort-watch.ts';
import { IdleWatch } from './idle-watch.ts';
import { AggregatorProcess } from '../fold/aggregator-process.ts';
import { agentShareOf } from '../cluster/agent-share.ts';
import type { ClusterOptions } from '../cluster/cluster-options.ts';
import type { Coordinator } from '../cluster/coordinator.ts';
import { promptsDigest } from '../cluster/prompts-digest.ts';
import { claimEventPlace } from '../event-bus/event-place.ts';
import { type EventWire, eventBusText } from '../event-bus/wires.ts';
import { Closers } from './closers.ts';
import { checkSloFiles, type SloOptions } from '../reports/slo-files.ts';
import { accountFrame } from '../run-folder/engine-account.ts';
import { checkCpus, pinProgram } from '../machine/cpu-pinning.ts';
import { engineLimits, pacingOf, warmedFor, watchIdleCores } from '../machine/engine-limits.ts';
import { phaseMark, phasesOf, withSamples } from './phases.ts';
import { ProgressWatch } from './progress-watch.ts';
import { prepareRun, type PreparedRun } from './prepare.ts';
import { cpuTimeMs } from '../run-folder/process-identity.ts';
import { RunControl } from './run-control.ts';
import { RUNS_FOLDER } from '../run-folder/run-directory.ts';
import { jsonFrame } from '../run-folder/run-header.ts';
import type { RunScreen } from './run-screen.ts';
import { openRunServices, type RunServices } from './run-services.ts';
import type { ScraperProcess } from '../server-metrics/scraper-process.ts';
import { serverMetricsPlaces } from './server-metrics-places.ts';
import type { SecretMask } from './secret-mask.ts';
import { onStopSignals, type ShutdownLadder } from './shutdown.ts';
import { startEngine } from './start-engine.ts';
import { UntilWatch } from './until-watch.ts';
import { openViewPlace, viewPlaceText } from './view-place.ts';

/** How often the load is looked at from its counts. */
const PROGRESS_INTERVAL_MS = 250;
/** When the rows of a dataset read so far are told first, and how often then. */
const FIRST_ROWS_TOLD_MS = 1000;
const ROWS_TOLD_MS = 2000;

export interface RunBenchmarkOptions {
  /** Directory of the run; default `runs/<time>-<id>`. */
  readonly outPath?: string | undefined;
  /** File of what calibrate measured; without one the report says nothing of the client's own error. */
  readonly calibrationPath?: string;
  /** One that loads already; whoever started it discards it should the run not get so far. Default: started here. */
  readonly aggregator?: AggregatorProcess;
  /** Where other machines may watch it, and with which key; one is generated where needed. */
  readonly view?: { readonly address: string; readonly key: string | undefined } | undefined;
  /** A bus for subscribers of others, and its address; default: one in the private directory of the run's sockets. */
  readonly events?: { readonly wire: EventWire; readonly address: string | undefined } | undefined;
  /** Agents on other machines send the load; default: this process does. */
  readonly cluster?: ClusterOptions | undefined;
  /** What becomes of SLOs; default: they are in the report, and an undecided one is not missed. */
  readonly slos?: SloOptions;
  /** How many samples to send of a dataset of a size, where the configuration says no number. */
  readonly samplesOf?: ((datasetSize: number) => number) | undefined;
  /** Plugins, loaded in this thread already; default: none. */
  readonly plugins?: PluginFiles | undefined;
  /** What stops it early; returns a function that ends this. Default: signals of the process. */
  readonly stopOn?: (ladder: ShutdownLadder) => () => void;
  readonly screen: RunScreen;
}

/** What sends the load: the threads of this process, or agents. */
interface RunEngine extends LoadEngine {
  readonly threadIds: readonly (number | undefined)[];
  /** Requests in flight at most, where that is not known before it has started; and at least, where it can't be fewer. */
  readonly maxConnections?: number;
  readonly minConcurrency?: number;
  warm(connections: number): Promise<WarmResult>;
  counts(): SampleCounts;
  /** Whether the counts are those of now; default: they are. */
  readonly areCountsCurrent?: boolean;
  close(): Promise<void>;
}

/**
 * Runs one benchmark from a checked configuration to its report. Returns the exit code.
 *
 * Throws `InferometerError` for what prevents a run (input, set-up); what happens to a run once it has begun ends in
 * its report.
 */
export async function runBenchmark(config: RunConfig, options: RunBenchmarkOptions): Promise<number> {
  const closers = new Closers();
  const { screen } = options;
  closers.add(() => screen.close());
  try {
    return await run(config, options, closers);
  } finally {
    await closers.run(screen.log);
  }
}

async function run(given: RunConfig, options: RunBenchmarkOptions, closers: Closers): Promise<number> {
  const { outPath, screen, stopOn = onStopSignals } = options;
  const { log } = screen;
  if (options.slos !== undefined) await checkSloFiles(options.slos);
  const control = new RunControl(log);
  closers.add(stopOn(control));
  const { cpus } = given.client;
  if (cpus !== undefined) checkCpus(cpus);
  const cluster = options.cluster && (await openCluster(options.cluster, given, log));
  if (cluster !== undefined) closers.add(() => cluster.close());
  const agents = options.cluster?.agents ?? 1;
  const limits = engineLimits(agentShareOf(withStagesOfFile(given), { index: 0, count: agents }));
  if (limits.shortage !== undefined) log.warning(limits.shortage);
  const { aggregator = AggregatorProcess.start() } = options;
  closers.add(() => aggregator.discard());
  const idleCores = watchIdleCores(() => ownCpuMs(aggregator));
  const view = options.view && (await openViewPlace(options.view.address, options.view.key));
  const { events } = options;
  if (events?.address !== undefined) await claimEventPlace(events.address);
  const prepared = await prepareRun(given, log, {
    onProgress: toldNowAndThen(screen),
    spillFolder: existingFolder(outPath ?? join(RUNS_FOLDER, 'run')),
    agents: cluster?.agentNames,
  });
  const config = withSamples(given, prepared.parts[0]!.ticketCount, options.samplesOf);
  const planned = withStagesOfFile(config);
  const phases = phasesOf(planned, prepared.parts);
  checkPlanLimits(phases);
  await cluster?.engage(planned, {
    runId: prepared.runId,
    promptsDigest: promptsDigest(prepared.promptFrames),
  });
  let recordingFailure: unknown;
  const services = await openRunServices({
    ...{ config, prepared, phases, outPath, aggregator, view, events, screen, closers },
    hasBegun: () => control.begun,
    onOwnFrame: cluster && ((frame) => cluster.onOwnFrame(frame)),
    onSnapshot: (snapshot) => until?.look(snapshot),
    onRecordingFailure: (error) => {
      recordingFailure = error;
      log.error(`${errorText(error)}; stopping the run`);
      control.abort();
    },
  });
  const until = untilWatchOf(config, services, control);
  const ready = readiness(config, prepared, services, screen, control);
  ready.catch(() => undefined);
  const pacing = pacingOf(config.client.pacing, limits.workers, idleCores());
  const endsHopeless =
    config.abort_when_hopeless === 'auto' ? screen.isInteractive : config.abort_when_hopeless === 'on';
  const isCapped = phaseConfigs(planned).some(({ config: { load } }) => load.max_in_flight !== undefined);
  const progress = new ProgressWatch(
    {
      onWarning: (message) => log.warning(message),
      onHopeless: (message) => {
        if (!endsHopeless) return;
        log.error(`ending the run: ${message}`);
        control.giveUp(message);
      },
    },
    {
      maxConnections: limits.maxConnections * agents,
      isMaxInFlight: isCapped || config.client.http === 2,
      flag: isCapped ? '--max-in-flight' : '--max-connections',
    },
  );
  const abort = new AbortWatch(abortRulesOf(config), (reason) => {
    log.error(`ending the run: ${reason}`);
    control.stopFor(reason);
  });
  const { idle_timeout_ms: idleTimeoutMs } = config;
  const idle =
    idleTimeoutMs === undefined
      ? undefined
      : new IdleWatch(idleTimeoutMs, (reason) => {
          log.error(`ending the run: ${reason}`);
          // Nothing is to be expected of what is in flight.
          control.stopFor(reason);
          control.cancel();
        });
  const scraper = await openScraper(config, services, screen);
  if (scraper !== undefined) closers.add(() => scraper.close());
  const starting: Promise<RunEngine> =
    cluster === undefined
      ? startEngine({
          ...{ config, limits, pacing, prepared, services, log },
          plugins: options.plugins,
          onFirstFailure: (failure) => progress.onFirstFailure(failure),
        })
      : cluster.start(services, (failure) => progress.onFirstFailure(failure));
  closers.add(() => starting.then((started) => started.close()).catch(() => undefined));
  const writingConfig = writeConfig(services, config, prepared);
  closers.add(() => writingConfig.catch(() => undefined));
  // What the end needs is loaded while others start: not while requests run, nor when an update may have replaced the files.
  const [pool, { concludeRun }] = await Promise.all([
    starting,
    import('./conclude-run.ts'),
    writingConfig,
    Promise.race([services.supervisor.ready, control.stopped]),
    Promise.race([ready, control.stopped]),
    Promise.race([scraper?.powerKnown, control.stopped]),
  ]);
  if (cpus !== undefined) {
    const { threadIds } = pool;
    await pinProgram({ cpus, threadIds, aggregatorPid: services.supervisor.pid });
  }
  const session = new Session({
    engine: pool,
    clock: services.clock,
    phases,
    drainTimeoutMs: config.drain_timeout_ms,
    record: (kind) => services.recorder.recordSessionEvent(kind),
    onPhase: (plan) => {
      services.recorder.recordMark('phase', { text: phaseMark(plan) });
      screen.phase(plan);
    },
    onPhaseEnd: (result) => {
      // Counts that are known in part would accuse the metrics of what an agent took with it.
      if (result.areCountsPartial !== true) services.recorder.record(FrameKind.account, accountFrame(result));
      const end = result.kind === 'performance' ? until?.end() : undefined;
      if (end !== undefined) services.recorder.recordUntil(...end);
    },
    log,
  });
  if (recordingFailure !== undefined) throw recordingFailure as Error;
  const { maxConnections = limits.maxConnections, minConcurrency } = pool;
  control.begin({ session, services, maxConnections, minConcurrency });
  screen.started(services.directory.path, control);
  if (view !== undefined) log.info(viewPlaceText(view));
  if (events !== undefined) log.info(eventBusText(events.wire, services.eventBus!.address));
  const warmed = warmedFor(limits, prepared.parts[0]!.dueNs);
  await warmConnections(warmed.warmConnections * agents, pool, services.mask, log);
  const watching = setInterval(() => {
    if (pool.areCountsCurrent === false) return;
    const [counts, nowMs] = [pool.counts(), performance.now()];
    progress.look(counts, nowMs);
    abort.look(counts, nowMs);
    idle?.look(counts, nowMs);
  }, PROGRESS_INTERVAL_MS);
  const outcome = await session.run().finally(() => clearInterval(watching));
  await scraper?.close();
  control.end();
  await pool.close();
  if (cluster !== undefined) await services.manifest.update({ agents: cluster.facts() });
  services.eventBus?.endAt(services.writer.nextSeq);
  const exitCode = await concludeRun(config, services, {
    ...{ outcome, recordingFailure, screen, endReason: control.endReason },
    calibrationPath: options.calibrationPath,
    slos: options.slos ?? { isStrict: false, junitPath: undefined, markdownPath: undefined },
  });
  cluster?.complete();
  return exitCode;
}

/** The side of a run that agents carry out; loaded here and nowhere earlier. */
async function openCluster(options: ClusterOptions, config: RunConfig, log: Log): Promise<Coordinator> {
  const { Coordinator } = await import('../cluster/coordinator.ts');
  return Coordinator.open(options, config, log);
}

/** What looks at the servers' own metrics and at what they draw, where somebody is to; its process is loaded here and nowhere earlier. */
async function openScraper(
  config: RunConfig,
  { recorder, clock }: RunServices,
  { isInteractive, log }: RunScreen,
): Promise<ScraperProcess | undefined> {
  const places = serverMetricsPlaces(config, isInteractive);
  const { power = [] } = config;
  if (places.urls.length === 0 && power.length === 0) return undefined;
  const { ScraperProcess } = await import('../server-metrics/scraper-process.ts');
  return new ScraperProcess({
    ...places,
    power,
    originNs: clock.originNs,
    onPower: (sample) => recorder.record(FrameKind.power, jsonFrame(sample)),
    onSample: (sample) => recorder.record(FrameKind.serverMetrics, jsonFrame(sample)),
    log,
  });
}

/** Ends the load once enough is known; undefined where nothing was said of that. */
function untilWatchOf(
  { until }: RunConfig,
  { recorder, clock }: RunServices,
  control: RunControl,
): UntilWatch | undefined {
  if (until === undefined) return undefined;
  return new UntilWatch({
    minDurationMs: until.min_duration_ms,
    nowNs: () => clock.nowNs(),
    onTight: (end, text) => {
      recorder.recordUntil(end, text);
      control.finish(`enough is known ${text}`);
    },
  });
}

/** Beside the start of everything else, so that the first request hardly waits for it. */
async function readiness(
  config: RunConfig,
  prepared: PreparedRun,
  { mask }: RunServices,
  screen: RunScreen,
  { stopped }: RunControl,
): Promise<void> {
  const { check } = config;
  if (check === 'off') return;
  const { checkReadiness } = await import('./readiness.ts');
  await checkReadiness(config, prepared, {
    asksModels: check === 'on' || screen.isInteractive,
    log: screen.log,
    onWait: toldOnce((text) => screen.step(text)),
    ...{ stopped, masked: (text) => mask.message(text) },
  });
}

/** The folder of a path, or the one nearest to it that is there. */
function existingFolder(path: string): string {
  let folder = dirname(resolve(path));
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}

/** Tells a text again only after another one. */
function toldOnce(tell: (text: string) => void): (text: string) => void {
  let last: string | undefined;
  return (text) => {
    if (text !== last) tell(text);
    last = text;
  };
}

function abortRulesOf({ abort = [] }: RunConfig): readonly AbortRule[] {
  return abort.flatMap((text) => {
    const rule = parseAbortRule(text);
    return typeof rule === 'string' ? [] : [rule];
  });
}

/** Reading a dataset is told when it takes longer than a moment. */
function toldNowAndThen(screen: RunScreen): (rows: number) => void {
  let nextMs = performance.now() + FIRST_ROWS_TOLD_MS;
  return (rows) => {
    const nowMs = performance.now();
    if (nowMs < nextMs) return;
    nextMs = nowMs + ROWS_TOLD_MS;
    screen.step(`reading the dataset: ${countedText(rows, 'row')} so far`);
  };
}

/** What this process and the aggregator have used. */
function ownCpuMs({ pid }: AggregatorProcess): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 + (pid === undefined ? 0 : cpuTimeMs(pid));
}

/** The settings as they were resolved, and once more as a configuration of MLCommons endpoints where there is one for this run. */
async function writeConfig(
  { directory, header }: RunServices,
  config: RunConfig,
  { streaming, format }: PreparedRun,
): Promise<void> {
  const [{ stringify }, { toMlcommonsConfig }, { escapeVariables }] = await Promise.all([
    import('yaml'),
    import('../../config/mlcommons-config.ts'),
    import('../../config/yaml-variables.ts'),
  ]);
  const theirs = toMlcommonsConfig({ ...config, format: format ?? config.format }, streaming);
  try {
    const text = stringify(escapeVariables(header.config));
    if ('tree' in theirs) {
      await writeFileAtomic(directory.mlcommonsConfigPath, stringify(theirs.tree));
      await writeFileAtomic(directory.configPath, text);
    } else {
      const why = `# There is no config.mlcommons.yaml: MLCommons endpoints has nothing for ${theirs.why}.\n`;
      await writeFileAtomic(directory.configPath, text + why);
    }
  } catch (error) {
    throw new InferometerError(
      'INFEROMETER_CONFIG_UNWRITABLE',
      'setup',
      `${directory.configPath}: cannot be written: ${errorText(error)}`,
      { cause: error },
    );
  }
}

/** Opens the connections the first requests will need, so that no handshake is inside their times. */
async function warmConnections(wanted: number, pool: RunEngine, mask: SecretMask, log: Log): Promise<void> {
  const { opened, failed, failure } = await pool.warm(wanted);
  if (failure === undefined) return;
  const { errorType, errorMessage } = failure;
  log.warning(
    `${failed} of ${opened + failed} connections could not be opened: ${errorType}: ${mask.message(errorMessage)}`,
  );
}
