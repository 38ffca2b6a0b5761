import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRunHeader } from '../../src/app/run-folder/run-header.ts';
import { EventKind } from '../../src/core/event-types.ts';
import { createRunId } from '../../src/core/ids.ts';
import type { Nanoseconds } from '../../src/core/time.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import { encodeBatchFrame } from '../../src/events/columnar-codec.ts';
import { RunLogWriter } from '../../src/runlog/append.ts';
import { FrameKind } from '../../src/transport/frame.ts';
import { syntheticFrames } from '../aggregator/synthetic-run.ts';

/** Makes a folder with the log of a run of so many samples, as an engine worker would write it. */
export async function writeSyntheticRun(path: string, samples: number, chunks: number): Promise<void> {
  mkdirSync(path, { recursive: true });
  const writer = RunLogWriter.open(join(path, 'run.log'));
  writer.append(
    FrameKind.runHeader,
    encodeRunHeader({
      ...{ format: 1, run_id: createRunId(), origin_ns: '0', started_at: new Date(0).toISOString() },
      ...{ version: '0', streaming: true, tokenizer: null, requested_rate_per_second: null },
      ...{ planned_samples: samples, config: {} },
    }),
  );
  session(writer, EventKind.sessionStarted, EventKind.sessionStartTracking);
  for (const frame of syntheticFrames(samples, chunks)) writer.append(FrameKind.events, frame);
  session(writer, EventKind.sessionStopTracking, EventKind.sessionEnded);
  await writer.close();
}

function session(writer: RunLogWriter, ...kinds: readonly EventKind[]): void {
  const timestampNs = (kinds.includes(EventKind.sessionStarted) ? 0 : 2 ** 52) as Nanoseconds;
  const batch = buildEventBatch(kinds.map((kind) => ({ kind, timestampNs })));
  writer.append(FrameKind.events, encodeBatchFrame(batch));
}
