import type { RunConfig } from '../../config/schema.ts';
import { errorText, EXIT_CODES, InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { SteadyState } from '../../report/steady-state.ts';
import type { Report } from '../../report/report.ts';
import type { SessionOutcome } from '../../session/session.ts';
import { loadCalibration, machineClass } from '../machine/calibration-file.ts';
import { exportEvents, isQuickExport } from '../reports/export-events.ts';
import { keepFinalSnapshot, makeReport, writeReport } from '../reports/report-files.ts';
import { writeReportPage } from '../reports/report-page-file.ts';
import { type SloOptions, sloExitCode, writeSloFiles } from '../reports/slo-files.ts';
import { sourceSnapshot } from '../reports/report-source.ts';
import type { RunScreen } from './run-screen.ts';
import type { RunServices } from './run-services.ts';

/** How the load of a run ended, and what its report is for. */
export interface RunConclusion {
  readonly outcome: SessionOutcome;
  /** Why the run log could not be written to its end, if it could not. */
  readonly recordingFailure: unknown;
  /** Why the load was ended early, where nobody did it by hand. */
  readonly endReason: string | undefined;
  /** File of what calibrate measured. */
  readonly calibrationPath: string | undefined;
  readonly slos: SloOptions;
  readonly screen: RunScreen;
}

/** What the aggregator may take at the end beyond the budget for token counts. */
const AGGREGATOR_END_MS = 60_000;

/** From the session's end to the report on disk and on the screen. Returns the exit code. */
export async function concludeRun(
  config: RunConfig,
  services: RunServices,
  { outcome, recordingFailure, endReason, calibrationPath, slos, screen }: RunConclusion,
): Promise<number> {
  const { directory, header, writer, recorder, manifest, subscriber, supervisor } = services;
  const { log } = screen;
  screen.step('finishing the metrics');
  // Without the session's end in the log the aggregator would wait for it.
  if (recordingFailure === undefined) {
    supervisor.endAt(writer.nextSeq);
    await supervisor.waitForEnd(aggregatorEndMs(config));
  }
  await supervisor.stop();
  const sourced = await sourceSnapshot({
    ...{ directory, subscriber, log },
    sessionEnded: recordingFailure === undefined,
    aggregatorRestarts: supervisor.restarts,
    frames: writer.nextSeq,
    tokenizerPath: header.tokenizer ?? undefined,
    unrecordedFrames: recorder.unrecordedFrames,
  });
  if (sourced === undefined) {
    throw new InferometerError(
      'INFEROMETER_REPORT_NOTHING',
      'execution',
      `no snapshot of the run is available; try: inferometer report ${directory.path}`,
    );
  }
  const calibration =
    calibrationPath === undefined ? undefined : await loadCalibration(calibrationPath, machineClass(), log);
  const steadyState = await steadyStateOfRun(services, sourced.snapshot, log);
  const report = makeReport(sourced, header, outcome.stoppedEarly, { calibration, steadyState });
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
  await attempt('SLOs', () => writeSloFiles(report, slos));
  if (exportWanted(config, writer.bytes)) {
    screen.step('exporting events.jsonl');
    await attempt(directory.eventsPath, () => exportEvents(directory, header, log));
  } else if (config.events_jsonl === 'auto') {
    log.info(`events.jsonl was left out; to write it: inferometer export --events ${directory.path}`);
  }
  const exitCode = exitCodeOf(outcome, recordingFailure ?? outputFailure, report, slos.isStrict);
  await manifest.update({
    outcome: {
      state: outcome.failure !== undefined ? 'failed' : outcome.stoppedEarly ? 'stopped_early' : 'complete',
      ended_at: new Date().toISOString(),
      exit_code: exitCode,
      // Those that could not be written too, so that a reader knows what is missing.
      frames: writer.nextSeq + recorder.unrecordedFrames,
      report_source: sourced.source,
      verdict: report.verdict.level,
      aggregator_restarts: supervisor.restarts,
      phases: outcome.phases.map((phase) => ({
        name: phase.name,
        sent: phase.sent,
        not_sent: phase.notSent,
        ended_by: phase.endedBy,
        started_ns: phase.startedNs,
        ended_ns: phase.endedNs,
        drain_timed_out: phase.drainTimedOut,
      })),
      failure: outcome.failure ?? null,
      ...(endReason === undefined ? {} : { end_reason: endReason }),
    },
  });
  // Nothing is being written at this moment: what is there is of an aggregator that was killed meanwhile.
  directory.removeUnfinished();
  screen.finished(report, directory.path, config.report_html ? 'report.html' : 'report.txt');
  if (config.report_html) await writeReportPage(directory, report, sourced.snapshot, log);
  return exitCode;
}

/** Where it was asked for; what fails there costs this part of the report only. What it takes is loaded here and nowhere earlier. */
async function steadyStateOfRun(
  { directory, header }: RunServices,
  snapshot: MetricsSnapshot,
  log: Log,
): Promise<SteadyState | undefined> {
  if ((header.config.steady_state ?? 'off') === 'off') return undefined;
  try {
    const { steadyChoiceOf, steadyStateOf } = await import('../reports/steady-run.ts');
    return await steadyStateOf(directory, snapshot, steadyChoiceOf(header));
  } catch (error) {
    log.warning(`the steady state could not be looked for: ${errorText(error)}`);
    return undefined;
  }
}

function exportWanted({ events_jsonl: mode }: RunConfig, logBytes: number): boolean {
  return mode === 'on' || (mode === 'auto' && isQuickExport(logBytes));
}

/** How long the aggregator may take to its own end. */
function aggregatorEndMs({ metrics: { drain_timeout_ms: drainTimeoutMs } }: RunConfig): number {
  return drainTimeoutMs === 0 ? Infinity : drainTimeoutMs + AGGREGATOR_END_MS;
}

function exitCodeOf(outcome: SessionOutcome, failure: unknown, report: Report, isStrict: boolean): number {
  if (outcome.failure !== undefined || failure !== undefined) return EXIT_CODES.execution;
  if (outcome.stoppedEarly) return EXIT_CODES.interrupted;
  return report.verdict.level === 'invalid' ? EXIT_CODES.result : sloExitCode(report, isStrict);
}
