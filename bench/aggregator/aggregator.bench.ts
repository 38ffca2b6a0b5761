import { EventRecordCodec } from '../../src/events/record-codec.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import { createRunId } from '../../src/core/ids.ts';
import { recordAt } from '../../src/events/record-fields.ts';
import type { Bench } from '../harness/bench.ts';
import { inTurn, perSecond } from '../harness/rounds.ts';
import { spreadOf } from '../harness/spread.ts';
import { batchOf, recordsOf, startedAggregator, syntheticFrames } from './synthetic-run.ts';

const CHUNKS = 30;
/** Records a batch of the foreign wire is folded in. */
const FOREIGN_BATCH_RECORDS = 256;

export const bench: Bench = {
  async run({ quick, rounds }) {
    const samples = quick ? 10_000 : 60_000;
    const records = samples * recordsOf(CHUNKS);
    const frames = [...syntheticFrames(samples, CHUNKS)];
    const foreign = foreignRecords(frames.slice(0, Math.ceil(frames.length / 8)));
    const { columnar, mlcommons } = await inTurn(rounds, {
      columnar: perSecond(records, () => {
        const { aggregator, registry } = startedAggregator();
        for (const frame of frames) aggregator.process(batchOf(frame));
        registry.close();
      }),
      mlcommons: perSecond(foreign.length, () => foldForeign(foreign)),
    });
    const note = 'one core, bytes to metrics: decoded, checked and folded';
    return [
      {
        id: 'aggregator/columnar',
        what: 'events folded, columnar batches',
        unit: 'events/s',
        value: spreadOf(columnar),
        goal: { of: 'value', bound: 'at least', value: 5e6 },
        note,
      },
      {
        id: 'aggregator/mlcommons',
        what: 'events folded, MLCommons records',
        unit: 'events/s',
        value: spreadOf(mlcommons),
        goal: { of: 'value', bound: 'at least', value: 1e6 },
        note,
      },
    ];
  },
};

/** The same events on the wire of MLCommons endpoints, one record a message. */
function foreignRecords(frames: readonly Uint8Array[]): readonly Uint8Array[] {
  const codec = new EventRecordCodec({ runId: createRunId(), originNs: 0n });
  return frames
    .map(batchOf)
    .flatMap((batch) =>
      Array.from({ length: batch.count }, (_, index) => codec.encode(recordAt(batch, index)).payload),
    );
}

function foldForeign(messages: readonly Uint8Array[]): void {
  const { aggregator, registry } = startedAggregator();
  const codec = new EventRecordCodec({ originNs: 0n });
  for (let first = 0; first < messages.length; first += FOREIGN_BATCH_RECORDS) {
    const records = messages
      .slice(first, first + FOREIGN_BATCH_RECORDS)
      .map((payload) => codec.decode(payload));
    aggregator.process(buildEventBatch(records));
  }
  registry.close();
}
