import type { RunConfig } from '../config/schema.ts';
import { errorText, EXIT_CODES, InferometerError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Pacing } from '../engine/settings.ts';
import { WorkerPool } from '../engine/worker-pool.ts';
import { exportEventsJsonl } from '../runlog/export-jsonl.ts';
import { Session, type SessionOutcome } from '../session/session.ts';
import { FrameKind } from '../transport/frame.ts';
import { loadCalibration, machineClass } from './calibration/calibration-file.ts';
import { healthReportOf } from './client-health.ts';
import { Closers } from './closers.ts';
import { type EngineLimits, engineLimits, pacingOf, watchIdleCores } from './limits.ts';
import { phasesOf } from './phases.ts';
import { prepareRun, type PreparedRun } from './prepare.ts';
import { keepFinalSnapshot, makeReport, writeReport } from './report-files.ts';
import { sourceSnapshot } from './report-source.ts';
import { RunControl } from './run-control.ts';
import { jsonFrame } from './run-header.ts';
import type { RunScreen } from './run-screen.ts';
import { openRunServices, type RunServices } from './run-services.ts';
import { onStopSignals } from './shutdown.ts';

export interface RunBenchmarkOptions {
  /** Directory of the run; default `runs/<time>-<id>`. */
  readonly outPath?: string | undefined;
  /** File of what calibrate measured; without one the report says nothing of the client's own error. */
  readonly calibrationPath?: string;
  readonly screen: RunScreen;
}

/** What the aggregator may take at the end beyond the budget for token counts. */
const AGGREGATOR_END_MS = 60_000;
const AUTO_EXPORT_LIMIT_BYTES = 256 * 2 ** 20;

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
  const limits = engineLimits(config);
  const idleCores = watchIdleCores();
  const prepared = await prepareRun(config);
  const phases = phasesOf(config, prepared.prompts.length);
  let recordingFailure: unknown;
  const services = await openRunServices({
    ...{ config, prepared, phases, outPath, screen, closers },
    hasBegun: () => control.begun,
    onRecordingFailure: (error) => {
      recordingFailure = error;
      log.error(`${errorText(error)}; stopping the run`);
      control.cancel();
    },
  });
  const pool = await startPool(
    config,
    limits,
    pacingOf(config.client.pacing, limits.workers, idleCores()),
    prepared,
    services,
    log,
  );
  closers.add(() => pool.close());
  const session = new Session({
    engine: pool,
    clock: services.clock,
    phases,
    drainTimeoutMs: config.drain_timeout_ms,
    record: (kind) => services.recorder.recordSessionEvent(kind),
    onPhase: (plan) => screen.phase(plan),
    log,
  });
  if (recordingFailure !== undefined) throw recordingFailure as Error;
  control.begin(session, services);
  screen.started(services.directory.path);
  await warmConnections(limits, pool, log);
  const outcome = await session.run();
  await pool.close();
  return conclude(config, services, outcome, recordingFailure, options);
}

/** From the session's end to the report on disk and on the screen. */
async function conclude(
  config: RunConfig,
  services: RunServices,
  outcome: SessionOutcome,
  recordingFailure: unknown,
  { screen, calibrationPath }: RunBenchmarkOptions,
): Promise<number> {
  const { directory, header, writer, manifest, subscriber, supervisor } = services;
  const { log } = screen;
  screen.step('finishing the metrics');
  // Without the session's end in the log the aggregator would wait for it.
  if (recordingFailure === undefined) await supervisor.waitForEnd(aggregatorEndMs(config));
  await supervisor.stop();
  const sourced = await sourceSnapshot({
    ...{ directory, subscriber, log },
    sessionEnded: recordingFailure === undefined,
    aggregatorRestarts: supervisor.restarts,
  });
  if (sourced === undefined) {
    throw new InferometerError(
      'INFEROMETER_REPORT_NOTHING',
      'execution',
      `no snapshot of the run could be had; try: inferometer report ${directory.path}`,
    );
  }
  const calibration =
    calibrationPath === undefined ? undefined : await loadCalibration(calibrationPath, machineClass(), log);
  const report = makeReport(sourced, header, outcome.stoppedEarly, calibration);
  // A file that cannot be written costs its content, not the result on the screen.
  let outputFailure: unknown;
  const attempt = async (what: string, write: () => Promise<unknown>) => {
    try {
      await write();
    } catch (error) {
      outputFailure = error;
      log.error(`${what}: ${errorText(error)}`);
    }
  };
  await attempt('final snapshot', () => keepFinalSnapshot(directory, sourced));
  await attempt('report', () => writeReport(directory, report));
  if (exportWanted(config, writer.bytes)) {
    screen.step('exporting events.jsonl');
    await attempt(directory.eventsPath, () => exportEventsJsonl(directory.logPath, directory.eventsPath));
  }
  const exitCode = exitCodeOf(outcome, recordingFailure ?? outputFailure, report.verdict.level === 'invalid');
  await manifest.update({
    outcome: {
      state: outcome.failure !== undefined ? 'failed' : outcome.stoppedEarly ? 'stopped_early' : 'complete',
      ended_at: new Date().toISOString(),
      exit_code: exitCode,
      report_source: sourced.source,
      verdict: report.verdict.level,
      aggregator_restarts: supervisor.restarts,
      phases: outcome.phases.map((phase) => ({
        name: phase.name,
        issued: phase.issued,
        ended_by: phase.endedBy,
        started_ns: phase.startedNs,
        ended_ns: phase.endedNs,
        drain_timed_out: phase.drainTimedOut,
      })),
      failure: outcome.failure ?? null,
    },
  });
  screen.finished(report, directory.path);
  return exitCode;
}

function exportWanted({ events_jsonl: mode }: RunConfig, logBytes: number): boolean {
  return mode === 'on' || (mode === 'auto' && logBytes < AUTO_EXPORT_LIMIT_BYTES);
}

/** How long the aggregator may take to its own end. */
function aggregatorEndMs({ metrics: { drain_timeout_ms: drainTimeoutMs } }: RunConfig): number {
  return drainTimeoutMs === 0 ? Infinity : drainTimeoutMs + AGGREGATOR_END_MS;
}

function startPool(
  config: RunConfig,
  { workers, maxConnections }: EngineLimits,
  pacing: Pacing,
  prepared: PreparedRun,
  services: RunServices,
  log: Log,
): Promise<WorkerPool> {
  const { recorder, clock } = services;
  return WorkerPool.start(
    {
      originNs: clock.originNs,
      workers,
      endpoints: prepared.endpoints,
      arenas: prepared.arenas.map((arena) => arena.shared),
      api: config.api,
      streaming: prepared.streaming,
      requestTimeoutMs: config.client.request_timeout_ms,
      maxConnections,
      pacing,
      connections: config.client.connections,
      tlsVerify: config.client.tls_verify,
    },
    {
      onFrame: (bytes) => recorder.record(FrameKind.events, bytes),
      onHealth: (health, worker) => {
        recorder.record(FrameKind.health, jsonFrame(healthReportOf(worker, health, pacing)));
      },
      onWorkerDied: (error) => log.error(errorText(error)),
    },
  );
}

/** Opens the connections the first requests will need, so that no handshake is inside their times. */
async function warmConnections(
  { warmConnections: wanted }: EngineLimits,
  pool: WorkerPool,
  log: Log,
): Promise<void> {
  const { opened, failed, failure } = await pool.warm(wanted);
  if (failure === undefined) return;
  const { errorType, errorMessage } = failure;
  log.warning(
    `${failed} of ${opened + failed} connections could not be opened: ${errorType}: ${errorMessage}`,
  );
}

function exitCodeOf(outcome: SessionOutcome, failure: unknown, invalid: boolean): number {
  if (outcome.failure !== undefined || failure !== undefined) return EXIT_CODES.execution;
  if (outcome.stoppedEarly) return EXIT_CODES.interrupted;
  return invalid ? EXIT_CODES.result : EXIT_CODES.ok;
}
