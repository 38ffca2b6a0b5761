import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SILENT_LOG } from '../../core/log.ts';
import { RunLogWriter } from '../../runlog/append.ts';
import { FRAME_HEADER_BYTES, FrameKind } from '../../transport/frame.ts';
import { LoggedFold } from './logged-fold.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'inferometer-logged-'));
});
afterEach(() => rmSync(path, { recursive: true }));

it('frames that wait for the header are folded in order, and more have room only when they are few', async () => {
  const loaded = Promise.withResolvers<void>();
  const folded: number[] = [];
  const writer = RunLogWriter.open(join(path, 'run.log'));
  const logged = new LoggedFold({
    writer,
    fold: {
      ended: false,
      handle: ({ seq, kind }) => {
        folded.push(seq);
        return kind === FrameKind.runHeader ? loaded.promise : undefined;
      },
    },
    ...{ onFailure: (error) => expect.fail(String(error)), onEnded: () => undefined, log: SILENT_LOG },
  });
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + 2 ** 22);
  logged.record(FrameKind.runHeader, frame.subarray(0, FRAME_HEADER_BYTES + 10));
  for (let i = 0; i < 15; i++) logged.record(FrameKind.messages, frame);
  expect(logged.room).toBeUndefined();
  for (let i = 0; i < 2; i++) logged.record(FrameKind.messages, frame);
  const { room } = logged;
  expect(room).toBeInstanceOf(Promise);
  expect(folded).toEqual([0]);
  loaded.resolve();
  await room;
  expect(logged.room).toBeUndefined();
  expect(folded).toEqual(Array.from({ length: 18 }, (_, seq) => seq));
  await writer.close();
});
