import { InferometerError } from '../../core/errors.ts';
import { SILENT_LOG } from '../../core/log.ts';
import { FrameKind, type Frame } from '../../transport/frame.ts';
import type { RunDirectory } from './run-directory.ts';
import { logReaderOf } from './run-log.ts';
import { decodeRunHeader, type RunHeader } from './run-header.ts';

/** The header of a run. Throws `InferometerError` (input) when its log does not even hold that. */
export async function readLogHeader(directory: RunDirectory): Promise<RunHeader> {
  for await (const frame of logReaderOf(directory, SILENT_LOG).frames()) {
    requireHeader(frame, directory.recordPath);
    return decodeRunHeader(frame);
  }
  throw emptyRunLog(directory.recordPath, 'read');
}

/** A log was not even begun, or is none: there is nothing to `what`. */
export function emptyRunLog(logPath: string, what: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_RUNLOG_EMPTY',
    'input',
    `${logPath}: holds no whole frame, nothing to ${what}`,
  );
}

/** Throws `INFEROMETER_RUNLOG_CONTENT` (input) unless `frame`, the first of a log that could be read, is its header. */
export function requireHeader({ kind, seq }: Frame, logPath: string): void {
  if (kind === FrameKind.runHeader) return;
  throw new InferometerError(
    'INFEROMETER_RUNLOG_CONTENT',
    'input',
    `${logPath}: its first frame must be the run's header, without which the others mean nothing (got frame ${seq})`,
  );
}
