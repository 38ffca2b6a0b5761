import { InferometerError } from '../core/errors.ts';
import { readFrames } from '../runlog/read.ts';
import { decodeRunHeader, type RunHeader } from './run-header.ts';

/** The header of a run log. Throws `InferometerError` (input) when the log does not even hold that. */
export async function readLogHeader(logPath: string): Promise<RunHeader> {
  for await (const frame of readFrames(logPath)) return decodeRunHeader(frame);
  throw new InferometerError('INFEROMETER_RUNLOG_EMPTY', 'input', `${logPath}: holds no whole frame`);
}
