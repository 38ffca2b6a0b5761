import { decode, encode } from '@msgpack/msgpack';
import { EVENT_TOPICS } from '../../src/core/event-types.ts';
import { decodeBatch, encodeBatchFrame } from '../../src/events/columnar-codec.ts';
import type { EventBatch } from '../../src/events/event-batch.ts';
import { FRAME_HEADER_BYTES } from '../../src/transport/frame.ts';
import { batchOf, syntheticFrames } from '../aggregator/synthetic-run.ts';
import type { Bench } from '../harness/bench.ts';
import { inTurn, perSecond } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';

const CHUNKS = 30;
const SAMPLES = 2000;

export const bench: Bench = {
  async run({ quick, rounds }) {
    const frames = [...syntheticFrames(SAMPLES, CHUNKS)];
    const batches = frames.map(batchOf);
    const maps = batches.map(recordMaps);
    const packed = maps.map((records) => encode(records));
    const passes = quick ? 5 : 50;
    const records = batches.reduce((sum, { count }) => sum + count, 0);
    const inPasses = (pass: () => void, count: number) =>
      perSecond(records * count, () => {
        for (let i = 0; i < count; i++) pass();
      });
    const written = await inTurn(rounds, {
      ours: inPasses(() => batches.forEach((batch) => encodeBatchFrame(batch)), passes),
      theirs: inPasses(() => maps.forEach((map) => encode(map)), 1),
    });
    const read = await inTurn(rounds, {
      ours: inPasses(
        () => frames.forEach((frame) => decodeBatch(frame.subarray(FRAME_HEADER_BYTES))),
        passes,
      ),
      theirs: inPasses(() => packed.forEach((bytes) => decode(bytes)), 1),
    });
    return [
      {
        id: 'events/encode',
        what: 'columnar batch: encode',
        unit: 'events/s',
        value: spreadOf(written.ours),
        peer: {
          name: 'msgpack maps',
          value: spreadOf(written.theirs),
          ratio: ratioOf(written.ours, written.theirs),
        },
      },
      {
        id: 'events/decode',
        what: 'columnar batch: decode and check',
        unit: 'events/s',
        value: spreadOf(read.ours),
        peer: { name: 'msgpack maps', value: spreadOf(read.theirs), ratio: ratioOf(read.ours, read.theirs) },
      },
    ];
  },
};

/** The records as one would write them without a format of one's own. */
function recordMaps(batch: EventBatch): readonly Record<string, unknown>[] {
  return Array.from({ length: batch.count }, (_, index) => ({
    event_type: EVENT_TOPICS[batch.kinds[index]!],
    timestamp_ns: batch.timestampsNs[index]!,
    sample: batch.sampleSeqs[index]!,
  }));
}
