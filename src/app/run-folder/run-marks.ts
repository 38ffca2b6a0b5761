import { InferometerError } from '../../core/errors.ts';
import { RUN_MARK_KINDS, type RunMark } from '../../core/run-history.ts';
import { readUntilEnd, type UntilEnd } from '../../core/until.ts';
import { FrameKind, type Frame } from '../../transport/frame.ts';
import { jsonFrame, jsonOfFrame } from './run-header.ts';

/** A mark as an unsealed frame of kind `mark`. */
export function markFrame({ at_ns, kind, value, text }: RunMark): Uint8Array {
  return jsonFrame({ at_ns: Math.round(at_ns), kind, value, text });
}

/** A mark of kind `until` as an unsealed frame, with what it is about. */
export function untilFrame(end: UntilEnd, text: string): Uint8Array {
  const at_ns = Math.round(end.at_ns);
  return jsonFrame({
    ...{ at_ns, kind: 'until', value: end.is_tight ? 1 : 0, text },
    until: { ...end, at_ns, rules: end.rules.map((rule) => ({ ...rule })) },
  });
}

/** What a mark of kind `until` is about; undefined where it does not tell. */
export function untilOfFrame(frame: Frame): UntilEnd | undefined {
  return readUntilEnd((jsonOfFrame(frame) ?? {}) as { readonly until?: unknown });
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
