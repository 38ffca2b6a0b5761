import type { InferometerError } from '../../core/errors.ts';
import { type Log, SILENT_LOG } from '../../core/log.ts';
import { countedText } from '../../core/quantity-text.ts';
import { EventKind } from '../../core/event-types.ts';
import { EventFrames } from '../../runlog/event-frames.ts';
import { isDamaged, type LogLosses } from '../../runlog/log-losses.ts';
import type { FrameSource } from '../../runlog/frame-source.ts';
import { LogReader } from '../../runlog/read.ts';
import { frameCheck } from './frame-check.ts';
import { reportSource } from './report-directory-source.ts';
import { readManifest, type RunDirectory } from './run-directory.ts';

/** Places told one by one; all are counted. */
const TOLD_FAULTS = 5;

/**
 * A reader of the log of a run, or of the events of a report directory, for one pass: every command that reads one leaves out the same, counts it in the same way, and warns of it.
 * `writtenFrames`: for a run whose run.json does not tell yet how many there are.
 */
export function logReaderOf(directory: RunDirectory, log: Log, writtenFrames?: number): FrameSource {
  const onFault = faultTeller(directory.recordPath, log);
  if (directory.reportDirectory !== undefined) return reportSource(directory, onFault);
  const outcome = readManifest(directory)?.outcome;
  const isOver = outcome !== undefined && outcome.state !== 'running';
  return new LogReader(directory.logPath, {
    check: frameCheck(),
    writtenFrames:
      writtenFrames ?? (isOver && typeof outcome.frames === 'number' ? outcome.frames : undefined),
    mustEnd: isOver && outcome.state !== 'interrupted',
    onFault,
  });
}

function faultTeller(path: string, log: Log): (error: InferometerError) => void {
  let faults = 0;
  return (error) => {
    faults += 1;
    if (faults <= TOLD_FAULTS) log.warning(`${error.message}; it is left out`);
    if (faults === TOLD_FAULTS) log.warning(`${path}: further faults are only counted`);
  };
}

/** Whether a log is sound to the end of its run: what was drawn from it when it was written still holds. */
export async function isWholeLog(directory: RunDirectory): Promise<boolean> {
  const reader = logReaderOf(directory, SILENT_LOG);
  const events = new EventFrames();
  for await (const frame of reader.frames()) {
    if (isDamaged(reader.losses)) return false;
    if (events.batchOf(frame)?.kinds.includes(EventKind.sessionEnded) === true) return true;
  }
  return false;
}

/** What a reader left out, in a line: `2 frames lost, 1 frame malformed`; undefined for nothing. */
export function lossesText({
  lostFrames,
  malformedFrames,
  corruptBytes,
  tornBytes,
}: LogLosses): string | undefined {
  const parts = [
    ...(lostFrames === 0 ? [] : [`${countedText(lostFrames, 'frame')} lost`]),
    ...(malformedFrames === 0 ? [] : [`${countedText(malformedFrames, 'frame')} malformed`]),
    ...(corruptBytes === 0 ? [] : [`${countedText(corruptBytes, 'byte')} corrupt`]),
    ...(tornBytes === 0 ? [] : [`${countedText(tornBytes, 'byte')} of a frame that was never finished`]),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}
