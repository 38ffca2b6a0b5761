import { InferometerError } from '../../core/errors.ts';
import { RUN_MARK_KINDS, type RunMark } from '../../core/run-history.ts';
import { FrameKind, type Frame } from '../../transport/frame.ts';
import { jsonFrame, jsonOfFrame } from './run-header.ts';

/** A mark as an unsealed frame of kind `mark`. */
export function markFrame({ at_ns, kind, value, text }: RunMark): Uint8Array {
  return jsonFrame({ at_ns: Math.round(at_ns), kind, value, text });
}

/**
 * The mark in a frame; undefined for a frame of another kind and for a mark of a kind that a later version added. Throws
 * `INFEROMETER_RUNLOG_CONTENT` (input) for what is none.
 */
export function markOfFrame(frame: Frame): RunMark | undefined {
  if (frame.kind !== FrameKind.mark) return undefined;
  const { at_ns, kind, value = null, text = '' } = (jsonOfFrame(frame) ?? {}) as Partial<RunMark>;
  const isMark =
    Number.isFinite(at_ns) &&
    typeof kind === 'string' &&
    (value === null || Number.isFinite(value)) &&
    typeof text === 'string';
  if (!isMark) throw new InferometerError('INFEROMETER_RUNLOG_CONTENT', 'input', 'found a mark that is none');
  return RUN_MARK_KINDS.includes(kind) ? { at_ns: at_ns!, kind, value, text } : undefined;
}
