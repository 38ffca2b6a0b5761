import { statSync } from 'node:fs';
import { InferometerError } from '../../core/errors.ts';
import { type Log, SILENT_LOG } from '../../core/log.ts';
import { unwritableOutput } from '../../core/unwritable-output.ts';
import { type ExportResult, exportEventsJsonl } from '../../runlog/export-jsonl.ts';
import { judgeRun, tellVerdict } from './judge-run.ts';
import { refuseRunLog, RunDirectory } from '../run-folder/run-directory.ts';
import type { RunHeader } from '../run-folder/run-header.ts';
import { logReaderOf, lossesText } from '../run-folder/run-log.ts';

/**
 * A run log up to this many bytes becomes events.jsonl in about half a second: 10 MB/s of whole responses and 18 MB/s of streams were
 * measured on two busy cores.
 */
const QUICK_EXPORT_BYTES = 5 * 2 ** 20;

/** Whether events.jsonl is written without having been asked for: only where nobody waits for it. */
export function isQuickExport(logBytes: number): boolean {
  return logBytes <= QUICK_EXPORT_BYTES;
}

/**
 * Writes events.jsonl from the log of a run that has ended. What is damaged in the log is left out with a warning that says how
 * much that is: the report stands on what the aggregator was told, not on this file.
 */
export async function exportEvents(
  directory: RunDirectory,
  { run_id: runId, origin_ns: originNs, published_by }: RunHeader,
  log: Log,
  outPath = directory.eventsPath,
  onEvents?: (count: number, part: number) => void,
): Promise<ExportResult> {
  const reader = logReaderOf(directory, log);
  const logBytes = statSync(directory.recordPath).size;
  const onProgress = onEvents && ((count: number, bytes: number) => onEvents(count, bytes / logBytes));
  const header = { runId, originNs: BigInt(originNs), publishers: published_by?.addresses ?? [] };
  const result = await exportEventsJsonl(reader, outPath, header, onProgress);
  const losses = lossesText(reader.losses);
  if (losses !== undefined) log.warning(`${outPath}: events are missing: ${losses} in ${reader.path}`);
  if (!result.ended) {
    log.warning(`${outPath}: ${reader.path} breaks off before the run's end; the last events are missing`);
  }
  return result;
}

export interface ExportRunEventsOptions {
  /** Default: events.jsonl in the run directory. */
  readonly outPath?: string | undefined;
  /** Hears of the events written so far, and what part of the log they come from. */
  readonly onEvents?: (count: number, part: number) => void;
  readonly log: Log;
}

/**
 * Writes the events of a run, in the format of the reference's `events.jsonl`, from its run log. The file appears under its name when it is
 * whole.
 *
 * Throws `InferometerError` (input) when there is no run at `path`, nothing in its log, or the file cannot be written.
 */
export async function exportRunEvents(
  path: string,
  { outPath, onEvents, log }: ExportRunEventsOptions,
): Promise<{ readonly path: string; readonly events: number }> {
  const directory = RunDirectory.open(path);
  const target = outPath ?? directory.eventsPath;
  refuseRunLog(target);
  directory.requireEvents('export');
  const { header, report } = await judgeRun(directory, 'export', SILENT_LOG);
  tellVerdict(path, report, log);
  try {
    if (outPath === undefined) await directory.makeOutputFolder();
    const { records } = await exportEvents(directory, header, log, target, onEvents);
    return { path: target, events: records };
  } catch (error) {
    if (error instanceof InferometerError) throw error;
    throw unwritableOutput(target, 'file', error);
  }
}
