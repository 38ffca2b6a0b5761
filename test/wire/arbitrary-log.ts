import fc from 'fast-check';
import { EVENT_TOPICS, EventKind } from '../../src/core/event-types.ts';
import { NO_SAMPLE, type SampleSeq } from '../../src/core/ids.ts';
import type { ToolCall } from '../../src/core/model-output.ts';
import type { Nanoseconds } from '../../src/core/time.ts';
import { type Data, errorData, outputData, promptData } from './data.ts';
import type { ScriptedLog, ScriptedRecord } from './scripted-log.ts';

const text = fc.string({ unit: 'grapheme' });
/** Any object of JSON, but for the one key that is not written and minus zero, which JSON texts don't keep. */
const object = fc
  .dictionary(text, fc.jsonValue({ stringUnit: 'grapheme' }))
  .map((value) => JSON.stringify(value))
  .filter((json) => !json.includes('__proto__'))
  .map((json) => JSON.parse(json) as ToolCall);
const texts = fc.oneof(text, fc.array(text, { maxLength: 2 }));
const objects = fc.array(object, { maxLength: 2 });

const data: fc.Arbitrary<Data> = fc.oneof(
  fc
    .record({
      output: texts,
      reasoning: fc.option(texts),
      toolCalls: fc.option(fc.oneof(objects, fc.array(objects, { maxLength: 2 }))),
    })
    .map(outputData),
  fc
    .record(
      {
        text,
        tokenIds: fc.array(fc.nat()),
        messages: objects,
        tools: objects,
        chatTemplateKwargs: object,
        chatTemplate: text,
        toolChoice: fc.oneof(text, object),
      },
      { requiredKeys: [] },
    )
    .map(promptData),
  fc.record({ errorType: text, errorMessage: text }).map(errorData),
);

const kind = fc.constantFrom(
  ...[...EVENT_TOPICS.keys()].filter((code) => code !== EventKind.sessionEnded),
) as fc.Arbitrary<EventKind>;

const record: fc.Arbitrary<ScriptedRecord> = fc.record(
  {
    kind,
    timestampNs: fc.maxSafeNat() as fc.Arbitrary<Nanoseconds>,
    sampleSeq: fc.nat({ max: NO_SAMPLE - 1 }) as fc.Arbitrary<SampleSeq>,
    finishReason: text,
    data,
    extras: fc.array(fc.oneof(fc.double(), fc.nat({ max: 5 })), { minLength: 1, maxLength: 5 }),
    note: fc.record(
      { conversationId: text, turn: fc.integer(), workerId: fc.maxSafeNat(), sampleUuid: text },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['kind', 'timestampNs'] },
);

/** Any log without the session's end. */
export const logArbitrary: fc.Arbitrary<ScriptedLog> = fc.record({
  prompts: fc.array(
    fc.record({ firstRow: fc.nat({ max: 4 }), prompts: fc.array(fc.option(data, { nil: undefined })) }),
    { maxLength: 3 },
  ),
  batches: fc.array(fc.record({ workerId: fc.integer({ min: -1, max: 100 }), records: fc.array(record) }), {
    maxLength: 5,
  }),
});
