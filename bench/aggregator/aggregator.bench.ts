import { createRunId } from '../../src/core/ids.ts';
import { PayloadEncoder } from '../../src/events/payload.ts';
import { EventRecordCodec } from '../../src/events/record-codec.ts';
import { recordAt } from '../../src/events/record-fields.ts';
import { packBatch, unpackBatch } from '../../src/transport/batch-frame.ts';
import type { Bench } from '../harness/bench.ts';
import { inTurn, perCpuSecond } from '../harness/rounds.ts';
import { spreadOf } from '../harness/spread.ts';
import { batchOf, recordsOf, startedAggregator, syntheticFrames } from './synthetic-run.ts';

const CHUNKS = 30;
/** Records of a frame of the foreign wire. */
const FOREIGN_FRAME_RECORDS = 256;
/** CLOCK_MONOTONIC where the foreign run begins: the machine has been up for a day. */
const FOREIGN_ORIGIN_NS = 86_400_000_000_000n;
const PROMPT = 'Why is the sky blue, and why is it red in the evening? '.repeat(4);

export const bench: Bench = {
  async run({ quick, rounds }) {
    const samples = quick ? 10_000 : 60_000;
    const records = samples * recordsOf(CHUNKS);
    const frames = [...syntheticFrames(samples, CHUNKS)];
    const foreign = foreignFrames(frames.slice(0, Math.ceil(frames.length / 4)));
    const { columnar, mlcommons } = await inTurn(rounds, {
      columnar: perCpuSecond(records, () => {
        const { aggregator, registry } = startedAggregator();
        for (const frame of frames) aggregator.process(batchOf(frame));
        registry.close();
      }),
      mlcommons: perCpuSecond(foreign.records, () => foldForeign(foreign.frames)),
    });
    const note = 'one core, bytes to metrics: decoded, checked and folded';
    return [
      {
        id: 'aggregator/columnar',
        what: 'events folded, columnar batches',
        unit: 'events/CPU-s',
        value: spreadOf(columnar),
        goal: { of: 'value', bound: 'at least', value: 5e6 },
        note,
      },
      {
        id: 'aggregator/mlcommons',
        what: 'events folded, MLCommons records',
        unit: 'events/CPU-s',
        value: spreadOf(mlcommons),
        goal: { of: 'value', bound: 'at least', value: 1e6 },
        note: `${note}; ${FOREIGN_FRAME_RECORDS} records a frame, their samples known by uuid only`,
        tried:
          'records of the usual form are compared with a template, four bytes at a time, and read without making text; ' +
          'samples are found by the bytes of their uuid; records of a frame share its buffer',
      },
    ];
  },
};

interface ForeignFrames {
  readonly frames: readonly Uint8Array[];
  readonly records: number;
}

/** The same events on the wire of MLCommons endpoints, prompts included, a batch of records a frame. */
function foreignFrames(frames: readonly Uint8Array[]): ForeignFrames {
  const codec = new EventRecordCodec({ runId: createRunId(), originNs: FOREIGN_ORIGIN_NS, promptOf });
  const payloads = frames
    .map(batchOf)
    .flatMap((batch) =>
      Array.from({ length: batch.count }, (_, index) => codec.encode(recordAt(batch, index)).payload),
    );
  const packed = Array.from({ length: Math.ceil(payloads.length / FOREIGN_FRAME_RECORDS) }, (_, frame) =>
    packBatch(payloads.slice(frame * FOREIGN_FRAME_RECORDS, (frame + 1) * FOREIGN_FRAME_RECORDS)),
  );
  return { frames: packed, records: payloads.length };
}

function foldForeign(frames: readonly Uint8Array[]): void {
  const { aggregator, registry } = startedAggregator();
  const codec = new EventRecordCodec({ originNs: FOREIGN_ORIGIN_NS });
  for (const frame of frames) aggregator.process(codec.decodeBatch(unpackBatch(frame)!));
  registry.close();
}

const promptBytes = new PayloadEncoder().promptData({
  ...{ text: PROMPT, tokenIds: null, messages: null, tools: null },
  ...{ chatTemplateKwargs: null, chatTemplate: null, toolChoice: null },
});

function promptOf(): Uint8Array {
  return promptBytes;
}
