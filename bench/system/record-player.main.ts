/**
 * Plays a streaming load of MLCommons endpoints to one subscriber: batches of 1000 records, as the reference sends them.
 *
 * Usage: node record-player.main.ts ADDRESS RECORDS RECORDS_PER_SECOND theirs|ours; prints the number of samples when all are sent. `ours`: as
 * our own event bus has them, with our extra key.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { XPublisher } from 'zeromq';
import { EventKind } from '../../src/core/event-types.ts';
import { createRunId } from '../../src/core/ids.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { PayloadEncoder } from '../../src/events/payload.ts';
import { EventRecordCodec } from '../../src/events/record-codec.ts';
import { recordAt } from '../../src/events/record-fields.ts';
import { packBatch, packSingle } from '../../src/transport/batch-frame.ts';
import { batchOf, recordsOf, syntheticFrames } from '../aggregator/synthetic-run.ts';

const CHUNKS = 30;
/** The reference's threshold. */
const BATCH_RECORDS = 1000;
/** Samples that are played again and again; a whole number of batches of records. */
const SAMPLES = 16_000;
const ORIGIN_NS = 86_400_000_000_000n;
const PROMPT = 'Why is the sky blue, and why is it red in the evening? '.repeat(4);
const UINT64 = 0xcf;
/** What stands in front of a time: of the record, and of when our sample was due, the first of two extras. */
const BEFORE_TIMES = [
  Buffer.concat([Buffer.from('timestamp_ns'), Buffer.of(UINT64)]),
  Buffer.concat([Buffer.from('inferometer_extras'), Buffer.of(0x92, UINT64)]),
];

const [address = '', records = '0', rate = '0', whose = 'theirs'] = process.argv.slice(2);
const prompt = new PayloadEncoder().promptData({
  ...{ text: PROMPT, tokenIds: null, messages: null, tools: null },
  ...{ chatTemplateKwargs: null, chatTemplate: null, toolChoice: null },
});
const codec = new EventRecordCodec({
  ...{ runId: createRunId(), originNs: ORIGIN_NS, promptOf: () => prompt },
  writesExtras: whose === 'ours',
});
const sessionMessage = (kind: EventKind, timestampNs: number) =>
  packSingle(codec.encode({ kind, timestampNs: timestampNs as EventRecord['timestampNs'] }));

const { batches, spanNs } = prepare();
const socket = new XPublisher({ sendHighWaterMark: 0, linger: 60_000 });
await socket.bind(address);
process.stdout.write('bound\n');
await socket.receive();
await socket.send(sessionMessage(EventKind.sessionStarted, 0));
await socket.send(sessionMessage(EventKind.sessionStartTracking, 0));
const wanted = Number(records);
const startedMs = performance.now();
let sent = 0;
for (let round = 0; sent < wanted; round++) {
  for (const batch of batches) {
    for (const at of batch.timesAt) {
      if (round > 0) batch.bytes.writeBigUInt64BE(batch.bytes.readBigUInt64BE(at) + spanNs, at);
    }
    // The socket takes the bytes over until they are sent; the next round writes into others.
    await socket.send(Buffer.from(batch.bytes));
    sent += BATCH_RECORDS;
    const aheadMs = (sent / Number(rate)) * 1000 - (performance.now() - startedMs);
    if (aheadMs > 1) await sleep(aheadMs);
  }
}
const endNs = Number(spanNs) * Math.ceil(sent / (SAMPLES * recordsOf(CHUNKS)));
process.stdout.write(`${sent / recordsOf(CHUNKS)}\n`);
process.stdin.resume().once('end', () => void end());

/** Told by the end of standard input. */
async function end(): Promise<void> {
  await socket.send(sessionMessage(EventKind.sessionStopTracking, endNs));
  await socket.send(sessionMessage(EventKind.sessionEnded, endNs));
  socket.close();
}

interface Batch {
  readonly bytes: Buffer;
  readonly timesAt: readonly number[];
}

function prepare(): { readonly batches: readonly Batch[]; readonly spanNs: bigint } {
  const payloads: Uint8Array[] = [];
  let lastNs = 0;
  for (const frame of syntheticFrames(SAMPLES, CHUNKS)) {
    const batch = batchOf(frame);
    for (let i = 0; i < batch.count; i++) payloads.push(codec.encode(recordAt(batch, i)).payload);
    lastNs = batch.timestampsNs.at(-1)!;
  }
  const batchCount = Math.floor(payloads.length / BATCH_RECORDS);
  return {
    batches: Array.from({ length: batchCount }, (_, i) => {
      const bytes = Buffer.from(packBatch(payloads.slice(i * BATCH_RECORDS, (i + 1) * BATCH_RECORDS)));
      return { bytes, timesAt: placesOf(bytes) };
    }),
    spanNs: BigInt(lastNs),
  };
}

/** Where the times stand. */
function placesOf(bytes: Buffer): readonly number[] {
  const places: number[] = [];
  for (const before of BEFORE_TIMES) {
    for (let hit = bytes.indexOf(before); hit >= 0; hit = bytes.indexOf(before, hit + 1))
      places.push(hit + before.length);
  }
  return places;
}
