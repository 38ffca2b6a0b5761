import { parseDurations } from '../../config/durations.ts';
import { withStagesOfFile } from '../../config/rate-file.ts';
import type { RunConfig } from '../../config/schema.ts';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { countedText } from '../../core/quantity-text.ts';
import type { CancelSettings } from '../../engine/planned-cancels.ts';
import type { Pacing } from '../../engine/settings.ts';
import { WorkerPool } from '../../engine/worker-pool.ts';
import { encodeWindowsFrame } from '../../events/lateness-windows.ts';
import { checkPlanLimits } from '../../plan/sample-limit.ts';
import { Session } from '../../session/session.ts';
import { FrameKind } from '../../transport/frame.ts';
import { AggregatorProcess } from '../fold/aggregator-process.ts';
import { healthReportOf, type StuckReport } from '../fold/client-health.ts';
import { claimEventPlace } from '../event-bus/event-place.ts';
import { type EventWire, eventBusText } from '../event-bus/wires.ts';
import { Closers } from './closers.ts';
import { accountFrame } from '../run-folder/engine-account.ts';
import { checkCpus, pinProgram } from '../machine/cpu-pinning.ts';
import {
  type EngineLimits,
  engineLimits,
  pacingOf,
  warmedFor,
  watchIdleCores,
} from '../machine/engine-limits.ts';
import { phasesOf } from './phases.ts';
import { ProgressWatch } from './progress-watch.ts';
import { prepareRun, type PreparedRun } from './prepare.ts';
import { cpuTimeMs } from '../run-folder/process-identity.ts';
import { RunControl } from './run-control.ts';
import { jsonFrame } from '../run-folder/run-header.ts';
import type { RunScreen } from './run-screen.ts';
import { openRunServices, type RunServices } from './run-services.ts';
import type { SecretMask } from './secret-mask.ts';
import { onStopSignals } from './shutdown.ts';
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
  /** Where other machines may watch it, and with which key; one is made up where one is needed. */
  readonly view?: { readonly address: string; readonly key: string | undefined } | undefined;
  /** A bus for subscribers of others, and its address; default: one in the private directory of the run's sockets. */
  readonly events?: { readonly wire: EventWire; readonly address: string | undefined } | undefined;
  readonly screen: RunScreen;
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

async function run(config: RunConfig, options: RunBenchmarkOptions, closers: Closers): Promise<number> {
  const { outPath, screen } = options;
  const { log } = screen;
  const control = new RunControl(log);
  closers.add(onStopSignals(control));
  const { cpus } = config.client;
  if (cpus !== undefined) checkCpus(cpus);
  const planned = withStagesOfFile(config);
  const limits = engineLimits(planned);
  if (limits.shortage !== undefined) log.warning(limits.shortage);
  const { aggregator = AggregatorProcess.start() } = options;
  closers.add(() => aggregator.discard());
  const idleCores = watchIdleCores(() => ownCpuMs(aggregator));
  const view = options.view && (await openViewPlace(options.view.address, options.view.key));
  const { events } = options;
  if (events?.address !== undefined) await claimEventPlace(events.address);
  const prepared = await prepareRun(config, log, toldNowAndThen(screen));
  const phases = phasesOf(planned, prepared.ticketCount, prepared.dueNs);
  checkPlanLimits(phases);
  let recordingFailure: unknown;
  const services = await openRunServices({
    ...{ config, prepared, phases, outPath, aggregator, view, events, screen, closers },
    hasBegun: () => control.begun,
    onRecordingFailure: (error) => {
      recordingFailure = error;
      log.error(`${errorText(error)}; stopping the run`);
      control.abort();
    },
  });
  const ready = readiness(config, prepared, services, screen, control);
  ready.catch(() => undefined);
  const pacing = pacingOf(config.client.pacing, limits.workers, idleCores());
  const endsHopeless =
    config.abort_when_hopeless === 'auto' ? screen.isInteractive : config.abort_when_hopeless === 'on';
  const progress = new ProgressWatch(
    {
      onWarning: (message) => log.warning(message),
      onHopeless: (message) => {
        if (!endsHopeless) return;
        log.error(`ending the run: ${message}`);
        control.giveUp(message);
      },
    },
    { maxConnections: limits.maxConnections, isMaxInFlight: config.load.max_in_flight !== undefined },
  );
  const starting = startPool(config, limits, pacing, prepared, services, log, progress);
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
      services.recorder.recordMark('phase', { text: plan.name });
      screen.phase(plan);
    },
    onPhaseEnd: (result) => services.recorder.record(FrameKind.account, accountFrame(result)),
    log,
  });
  if (recordingFailure !== undefined) throw recordingFailure as Error;
  control.begin({ session, services, maxConnections: limits.maxConnections });
  screen.started(services.directory.path, control);
  if (view !== undefined) log.info(viewPlaceText(view));
  if (events !== undefined) log.info(eventBusText(events.wire, services.eventBus!.address));
  await warmConnections(warmedFor(limits, prepared.dueNs), pool, services.mask, log);
  const watching = setInterval(() => progress.look(pool.counts(), performance.now()), PROGRESS_INTERVAL_MS);
  const outcome = await session.run().finally(() => clearInterval(watching));
  control.end();
  await pool.close();
  services.eventBus?.endAt(services.writer.nextSeq);
  return concludeRun(config, services, {
    ...{ outcome, recordingFailure, screen },
    calibrationPath: options.calibrationPath,
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

/** Tells a text again only after another one. */
function toldOnce(tell: (text: string) => void): (text: string) => void {
  let last: string | undefined;
  return (text) => {
    if (text !== last) tell(text);
    last = text;
  };
}

function startPool(
  config: RunConfig,
  { workers, maxConnections }: EngineLimits,
  pacing: Pacing,
  prepared: PreparedRun,
  services: RunServices,
  log: Log,
  progress: ProgressWatch,
): Promise<WorkerPool> {
  const { recorder, clock } = services;
  return WorkerPool.start(
    {
      originNs: clock.originNs,
      workers,
      endpoints: prepared.endpoints,
      arenas: prepared.arenas.map((arena) => arena.shared),
      conversations: prepared.conversations,
      api: prepared.api,
      streaming: prepared.streaming,
      requestTimeoutMs: config.client.request_timeout_ms,
      connectTimeoutMs: config.client.connect_timeout_ms,
      maxConnections,
      pacing,
      probesPerSecond: config.client.probe_rate,
      connections: config.client.connections,
      requestsPerConnection: config.client.requests_per_connection,
      cancel: cancelSettings(config),
      salt: prepared.salt,
      seed: config.seed,
      tlsVerify: config.client.tls_verify,
      tls: prepared.tls,
      proxies: prepared.proxies,
      addresses: prepared.addresses,
      slots: prepared.slots,
    },
    {
      onFrame: (bytes) => recorder.record(FrameKind.events, bytes),
      onWindows: (windows, workerId) => {
        recorder.record(FrameKind.windows, encodeWindowsFrame({ workerId, windows }));
      },
      onHealth: (health, worker) => {
        recorder.record(FrameKind.health, jsonFrame(healthReportOf(worker, health, pacing, clock.nowNs())));
      },
      onStuck: (worker, stuckMs, isOver) => {
        const report: StuckReport = { worker, stuck_ms: stuckMs, at_ns: clock.nowNs() };
        recorder.record(FrameKind.health, jsonFrame(report));
        const seconds = (stuckMs / 1000).toFixed(1);
        const text = isOver
          ? `engine worker ${worker} runs again; it was stuck for ${seconds} s`
          : `engine worker ${worker} is stuck: its event loop has not turned for ${seconds} s`;
        log.warning(text);
        recorder.recordMark('note', { text });
      },
      onFirstFailure: (failure) =>
        progress.onFirstFailure({ ...failure, errorMessage: services.mask.message(failure.errorMessage) }),
      onWorkerDied: (error) => log.error(errorText(error)),
    },
  );
}

function cancelSettings({ cancel }: RunConfig): CancelSettings | undefined {
  // The schema has seen to it that the text is a distribution.
  return cancel && { share: cancel.share, after: parseDurations(cancel.after)! };
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
  const [{ stringify }, { toMlcommonsConfig }] = await Promise.all([
    import('yaml'),
    import('../../config/mlcommons-config.ts'),
  ]);
  const theirs = toMlcommonsConfig({ ...config, format: format ?? config.format }, streaming);
  try {
    const text = stringify(header.config);
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
async function warmConnections(
  { warmConnections: wanted }: EngineLimits,
  pool: WorkerPool,
  mask: SecretMask,
  log: Log,
): Promise<void> {
  const { opened, failed, failure } = await pool.warm(wanted);
  if (failure === undefined) return;
  const { errorType, errorMessage } = failure;
  log.warning(
    `${failed} of ${opened + failed} connections could not be opened: ${errorType}: ${mask.message(errorMessage)}`,
  );
}
