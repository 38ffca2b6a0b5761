import { EventKind, isErrorKind, isSessionKind } from '../../core/event-types.ts';
import { decodeBatch } from '../../events/columnar-codec.ts';
import { extraOf, type EventBatch, ISSUED_EXTRA } from '../../events/event-batch.ts';
import { readFrames } from '../../runlog/read.ts';
import { FrameKind } from '../../transport/frame.ts';
import { decodeRunHeader } from '../run-folder/run-header.ts';

/** The stamps of one sample, ns since the run's origin. */
export interface SeenSample {
  readonly row: number;
  readonly issuedNs: number;
  readonly chunksNs: readonly number[];
  /** Null when it never ended. */
  readonly completedNs: number | null;
  readonly failed: boolean;
}

export interface SeenRun {
  /** CLOCK_MONOTONIC at the run's origin. */
  readonly originNs: bigint;
  readonly samples: readonly SeenSample[];
}

type Draft = { -readonly [Key in keyof SeenSample]: SeenSample[Key] } & { readonly chunksNs: number[] };

/** Every sample in a run log, with all its stamps; memory grows with the chunks, so for short runs. */
export async function readSeenRun(logPath: string): Promise<SeenRun> {
  const drafts = new Map<number, Draft>();
  let originNs = 0n;
  for await (const frame of readFrames(logPath)) {
    if (frame.kind === FrameKind.runHeader) originNs = BigInt(decodeRunHeader(frame).origin_ns);
    else if (frame.kind === FrameKind.events) collect(decodeBatch(frame.body), drafts);
  }
  return { originNs, samples: [...drafts.values()] };
}

function collect(batch: EventBatch, drafts: Map<number, Draft>): void {
  for (let i = 0; i < batch.count; i++) {
    const kind = batch.kinds[i]!;
    const seq = batch.sampleSeqs[i]!;
    const atNs = batch.timestampsNs[i]!;
    if (kind === EventKind.sampleIssued) {
      const row = extraOf(batch, i, ISSUED_EXTRA.row);
      drafts.set(seq, { row, issuedNs: atNs, chunksNs: [], completedNs: null, failed: false });
      continue;
    }
    const draft = drafts.get(seq);
    if (draft === undefined || isSessionKind(kind)) continue;
    if (kind === EventKind.sampleRecvFirst || kind === EventKind.sampleRecvNonFirst)
      draft.chunksNs.push(atNs);
    else if (kind === EventKind.sampleComplete) draft.completedNs = atNs;
    else if (isErrorKind(kind)) draft.failed = true;
  }
}
