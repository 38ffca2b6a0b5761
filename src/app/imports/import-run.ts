import { writeFileAtomic } from '../../core/atomic-file.ts';
import { openRegularFile, textOf } from '../../core/careful-read.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import { FILE_LIMITS } from '../../core/file-limits.ts';
import { createRunId } from '../../core/ids.ts';
import type { Log } from '../../core/log.ts';
import { buildEventBatch } from '../../events/batch-builder.ts';
import { encodeBatchFrame } from '../../events/columnar-codec.ts';
import { snapshotJsonText } from '../../metrics/snapshot-json.ts';
import { readResults } from '../../other-tools/results/read-results.ts';
import type { ImportedRun, SummaryOnly } from '../../other-tools/results/result-format.ts';
import type { Report } from '../../report/report.ts';
import { RunLogWriter } from '../../runlog/append.ts';
import { FrameKind } from '../../transport/frame.ts';
import { judgeRun } from '../reports/judge-run.ts';
import { rebuildReport } from '../reports/rebuild-report.ts';
import { defaultRunPath, RunDirectory } from '../run-folder/run-directory.ts';
import { encodeRunHeader, type RunHeader } from '../run-folder/run-header.ts';
import { importedEvents } from './import-events.ts';

export interface Imported {
  /** Directory of the run. */
  readonly path: string;
  readonly report: Report;
  readonly loadGenerator: string;
  readonly samples: number;
  /** What was left out, one sentence each. */
  readonly notes: readonly string[];
}

const EVENTS_PER_FRAME = 1000;

/**
 * Makes a run of a result file of another tool, with a log and a report like those of our own. Throws `InferometerError` (input) for a file that is
 * not known, that has no requests, or that cannot be read.
 */
export async function importRun(filePath: string, outPath: string | undefined, log: Log): Promise<Imported> {
  const read = readResults(await readText(filePath), filePath);
  if ('figures' in read) throw summaryAlone(filePath, read);
  if (read.samples.length === 0)
    throw new InferometerError('INFEROMETER_IMPORT_EMPTY', 'input', `${filePath}: has no requests`);
  const runId = createRunId();
  const directory = await RunDirectory.create(outPath ?? defaultRunPath(runId, new Date()));
  await writeLog(directory, headerOf(read, runId), read);
  const { snapshot } = await judgeRun(directory, 'import', log);
  await writeFileAtomic(directory.finalSnapshotPath, snapshotJsonText(snapshot));
  const { report, write } = await rebuildReport(directory.path, log);
  await write(true);
  const { loadGenerator, samples, notes } = read;
  return { path: directory.path, report, loadGenerator, samples: samples.length, notes };
}

async function readText(path: string): Promise<string> {
  try {
    const file = await openRegularFile(path, true);
    try {
      return await textOf(path, file, FILE_LIMITS.importBytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof InferometerError) throw error;
    throw new InferometerError(
      'INFEROMETER_IMPORT_UNREADABLE',
      'input',
      `${path}: cannot be read: ${errorText(error)}`,
      { cause: error },
    );
  }
}

function headerOf(run: ImportedRun, runId: RunHeader['run_id']): RunHeader {
  const { loadGenerator, startedAt, model, samples, missing, requestedRatePerSecond } = run;
  return {
    ...{ format: 1, run_id: runId, origin_ns: '0', started_at: startedAt, version: '' },
    streaming: samples.some(({ chunksNs }) => chunksNs.length > 0),
    tokenizer: null,
    requested_rate_per_second: requestedRatePerSecond ?? null,
    planned_samples: samples.length,
    config: model === undefined ? {} : { model },
    published_by: { addresses: [], load_generator: loadGenerator, missing, legacy_qps: false },
  };
}

async function writeLog(directory: RunDirectory, header: RunHeader, run: ImportedRun): Promise<void> {
  const writer = RunLogWriter.open(directory.logPath);
  try {
    writer.append(FrameKind.runHeader, encodeRunHeader(header));
    const events = importedEvents(run);
    for (let at = 0; at < events.length; at += EVENTS_PER_FRAME) {
      const batch = buildEventBatch(events.slice(at, at + EVENTS_PER_FRAME));
      writer.append(FrameKind.events, encodeBatchFrame(batch));
    }
  } finally {
    await writer.close();
  }
}

/** Figures cannot be compared or plotted: they are told, and what to do to have the requests. */
function summaryAlone(path: string, { loadGenerator, figures, instead }: SummaryOnly): InferometerError {
  const told = figures.map(([name, value]) => `${name} ${value}`).join(', ');
  return new InferometerError(
    'INFEROMETER_IMPORT_NO_REQUESTS',
    'input',
    `${path}: has figures of ${loadGenerator} and no requests, which a run is made of (${told}); to have them: ${instead}`,
  );
}
