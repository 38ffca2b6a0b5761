import { EVENT_TOPICS } from '../../src/core/event-types.ts';
import { decodeBatch } from '../../src/events/columnar-codec.ts';
import { extraOf } from '../../src/events/event-batch.ts';
import { readFrames } from '../../src/runlog/read.ts';
import { FrameKind } from '../../src/transport/frame.ts';

export interface IssueRecord {
  readonly seq: number;
  readonly dueNs: number;
  readonly issuedNs: number;
}

/** When each sample of a run log was due and issued, by number. */
export async function issueRecords(logPath: string): Promise<readonly IssueRecord[]> {
  const issued = EVENT_TOPICS.indexOf('sample.issued');
  const records: IssueRecord[] = [];
  for await (const frame of readFrames(logPath)) {
    if (frame.kind !== FrameKind.events) continue;
    const batch = decodeBatch(frame.body);
    for (let index = 0; index < batch.count; index++) {
      if (batch.kinds[index] !== issued) continue;
      records.push({
        seq: batch.sampleSeqs[index]!,
        dueNs: extraOf(batch, index, 0),
        issuedNs: batch.timestampsNs[index]!,
      });
    }
  }
  return records.sort((a, b) => a.seq - b.seq);
}
