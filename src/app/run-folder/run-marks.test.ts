import { expect, test } from 'vitest';
import { RUN_MARK_KINDS, type RunMark } from '../../core/run-history.ts';
import { FrameKind, frameOf, sealFrame } from '../../transport/frame.ts';
import { jsonFrame } from './run-header.ts';
import { markFrame, markOfFrame } from './run-marks.ts';

test.each(RUN_MARK_KINDS)('a mark of kind %s comes back from its frame', (kind) => {
  const mark: RunMark = { at_ns: 12_345_678_901, kind, value: 2.5, text: 'zweite Hälfte €' };
  expect(markOfFrame(sealFrame(markFrame(mark), FrameKind.mark, 3))).toEqual(mark);
});

test('a time is written whole', () => {
  const frame = sealFrame(markFrame({ at_ns: 1.6, kind: 'stop', value: null, text: '' }), FrameKind.mark, 0);
  expect(markOfFrame(frame)).toEqual({ at_ns: 2, kind: 'stop', value: null, text: '' });
});

test('what is left out is null and empty', () => {
  const frame = sealFrame(jsonFrame({ at_ns: 5, kind: 'pause' }), FrameKind.mark, 0);
  expect(markOfFrame(frame)).toEqual({ at_ns: 5, kind: 'pause', value: null, text: '' });
});

test('nothing is read from another frame or a kind of a later version, and what is no mark is refused', () => {
  expect(markOfFrame(frameOf(FrameKind.health, 0, new Uint8Array(0)))).toBeUndefined();
  const later = sealFrame(jsonFrame({ at_ns: 5, kind: 'teleport', value: 1 }), FrameKind.mark, 0);
  expect(markOfFrame(later)).toBeUndefined();
  for (const odd of [
    { kind: 'pause' },
    null,
    { at_ns: 5, kind: 'note', text: 7 },
    { at_ns: 5, kind: 'rate', value: '2' },
  ]) {
    expect(() => markOfFrame(sealFrame(jsonFrame(odd), FrameKind.mark, 0))).toThrow('a mark that is none');
  }
});
