import { NO_SAMPLE } from '../../src/core/ids.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { EventRecordCodec, type RecordCodecOptions } from '../../src/events/record-codec.ts';
import { WireFormatError } from '../../src/events/wire-format-error.ts';
import { unpackBatch } from '../../src/transport/batch-frame.ts';
import { BATCH_TOPIC, TOPIC_BYTES } from '../../src/transport/frame.ts';

export interface SlowRecords {
  readonly records: readonly EventRecord[];
  readonly unread: { readonly records: number; readonly messages: number };
}

/** What messages of the record wire hold, by its rules, record by record and with nothing shared. */
export function readSlowly(messages: readonly Uint8Array[], options: RecordCodecOptions = {}): SlowRecords {
  const codec = new EventRecordCodec(options);
  const records: EventRecord[] = [];
  const unread = { records: 0, messages: 0 };
  for (const message of messages) {
    if (message.length <= TOPIC_BYTES) continue;
    const isBatch = Buffer.from(message.subarray(0, TOPIC_BYTES)).equals(BATCH_TOPIC);
    const payloads = isBatch ? unpackBatch(message) : [message.subarray(TOPIC_BYTES)];
    if (payloads === undefined) unread.messages += 1;
    for (const payload of payloads ?? []) {
      if (isBatch && payload.length === 0) continue;
      try {
        records.push(codec.decode(payload));
      } catch (error) {
        if (!(error instanceof WireFormatError)) throw error;
        unread.records += 1;
        const timestampNs = records.at(-1)?.timestampNs ?? (0 as EventRecord['timestampNs']);
        records.push({ ...codec.onDecodeError(error), timestampNs });
      }
    }
  }
  return { records, unread };
}

/** The record without a sample's number where it is of none. */
export function withoutNoSample(record: EventRecord): EventRecord {
  const { sampleSeq, ...rest } = record;
  return sampleSeq === undefined || sampleSeq === NO_SAMPLE ? rest : record;
}
