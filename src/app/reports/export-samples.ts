import { dirname } from 'node:path';
import { replaceFile } from '../../core/atomic-file.ts';
import { type Log, SILENT_LOG } from '../../core/log.ts';
import { unwritableOutput } from '../../core/unwritable-output.ts';
import { readSamples } from '../../runlog/samples.ts';
import { judgeRun, tellVerdict } from './judge-run.ts';
import { refuseRunLog, RunDirectory } from '../run-folder/run-directory.ts';
import { logReaderOf } from '../run-folder/run-log.ts';
import { exportColumns } from './sample-columns.ts';
import { writeCsv, writeParquet, type TableWriter } from './sample-files.ts';

export const SAMPLE_FORMATS = ['csv', 'parquet'] as const;
export type SampleFormat = (typeof SAMPLE_FORMATS)[number];

const WRITERS: Readonly<Record<SampleFormat, TableWriter>> = { csv: writeCsv, parquet: writeParquet };

export interface ExportSamplesOptions {
  readonly format: SampleFormat;
  /** Default: samples.csv or samples.parquet in the run directory. */
  readonly outPath?: string | undefined;
  /** Hears of the samples found in the log so far, then of the rows written so far. */
  readonly onRead?: (count: number) => void;
  readonly onRows?: (count: number, of: number) => void;
  readonly log: Log;
}

/**
 * Writes every sample of a run, one row each, from its run log, in bounded memory: beyond two million samples a file without a name in the
 * directory of the export takes 150 bytes a sample meanwhile. The file appears under its name when it is whole. What is damaged in the log
 * is left out, with a warning, and so is told what the run's verdict is.
 *
 * Throws `InferometerError` (input) when there is no run at `path`, nothing in its log, or the file can't be written.
 */
export async function exportSamples(
  path: string,
  { format, outPath, onRead, onRows, log }: ExportSamplesOptions,
): Promise<{ readonly path: string; readonly samples: number }> {
  const directory = RunDirectory.open(path);
  const target = outPath ?? directory.samplesPath(format);
  refuseRunLog(target);
  directory.requireEvents('export');
  const { header, report } = await judgeRun(directory, 'export', log);
  tellVerdict(path, report, log);
  if (outPath === undefined) await directory.makeOutputFolder();
  const samples = await readSamples(logReaderOf(directory, SILENT_LOG), {
    spillDirectory: dirname(target),
    ...(onRead === undefined ? {} : { onProgress: onRead }),
  });
  try {
    await replaceFile(target, (file) =>
      WRITERS[format](file, exportColumns(samples, header), samples.chunks(), (count) =>
        onRows?.(count, samples.count),
      ),
    );
  } catch (error) {
    throw unwritableOutput(target, 'file', error);
  } finally {
    samples.close();
  }
  return { path: target, samples: samples.count };
}
