import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_TOPICS, type EventKind } from '../core/event-types.ts';
import { NO_SAMPLE, type RunId, type SampleSeq } from '../core/ids.ts';
import type { Nanoseconds } from '../core/time.ts';
import { BatchLines } from './batch-lines.ts';
import { buildEventBatch } from './batch-builder.ts';
import type { EventRecord } from './event-batch.ts';
import { OpenTurns } from './open-turns.ts';
import { PayloadEncoder } from './payload.ts';
import { recordAt, recordFields, type RunContext } from './record-fields.ts';
import { recordToJsonLine } from './record-json.ts';

const payloads = new PayloadEncoder();
const RUN_ID = '00112233aabbccdd' as RunId;

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', 'plain', '"', '\\', '\n', 'é€😀', '\u007f', '\ud800', 'x'.repeat(300)),
  // Longer ones are decoded in another way.
  fc.constant(`\ufeff${'x'.repeat(300)}`),
);
const texts = fc.oneof(text, fc.array(text, { maxLength: 20 }));
const payload = fc.oneof(
  fc
    .record({
      output: texts,
      reasoning: fc.option(texts),
      toolCalls: fc.option(fc.array(fc.constant({ id: 1 }), { maxLength: 2 })),
    })
    .map((output) => payloads.textModelOutput(output)),
  text.map((errorMessage) => payloads.errorData({ errorType: 'timeout', errorMessage })),
);
const note = fc.record({ conversationId: text, turn: fc.nat(), workerId: fc.nat(9) }, { requiredKeys: [] });
const plain: fc.Arbitrary<EventRecord> = fc.record(
  {
    kind: fc.nat({ max: EVENT_TOPICS.length - 1 }) as fc.Arbitrary<EventKind>,
    timestampNs: fc.oneof(
      fc.constantFrom(0, 999, 999_999, 1_000_000, 1_000_001, 2 ** 53 - 1),
      fc.maxSafeNat(),
      fc.integer({ min: -5 }),
    ) as fc.Arbitrary<Nanoseconds>,
    sampleSeq: fc.oneof(fc.constantFrom(0, 255, 65_536, NO_SAMPLE), fc.nat()) as fc.Arbitrary<SampleSeq>,
    finishReason: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('stop', 'length') },
      { weight: 1, arbitrary: text },
    ),
    payload,
    extras: fc.oneof(
      fc.array(fc.nat({ max: 5 }), { maxLength: 3 }),
      fc.array(fc.nat({ max: 5 }), { minLength: 5, maxLength: 5 }),
    ),
  },
  { requiredKeys: ['kind', 'timestampNs'] },
);
const record = fc.oneof(
  { weight: 9, arbitrary: plain },
  { weight: 1, arbitrary: fc.tuple(plain, note).map(([rest, note]) => ({ ...rest, note })) },
);

/** Row 0 has no prompt. */
const promptOf = (row: number) =>
  row === 0
    ? undefined
    : payloads.textModelOutput({ output: `row ${row}`, reasoning: null, toolCalls: null });

describe('BatchLines', () => {
  it('writes what the slow way writes, of any batch', () => {
    const origin = fc.oneof(
      fc.constantFrom(0n, 5n, 2n ** 53n - 2n, 2n ** 53n + 1n),
      fc.bigInt({ min: -9n, max: 2n ** 60n }),
    );
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 8 }),
        fc.integer({ min: -1, max: 3 }),
        origin,
        (records, worker, originNs) => {
          const batch = buildEventBatch(records, worker);
          const run: RunContext = { runId: RUN_ID, originNs, promptOf };
          const lines = new BatchLines({ ...run, turns: new OpenTurns() });
          const slowRun = { ...run, turns: new OpenTurns() };
          for (let index = 0; index < batch.count; index++) {
            expect(lines.line(batch, index)).toBe(
              recordToJsonLine(recordFields(recordAt(batch, index), slowRun)),
            );
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('reads a prompt once, and anew when told that it has changed', () => {
    let reads = 0;
    const read = (row: number) => {
      reads += 1;
      return promptOf(row);
    };
    const lines = new BatchLines({ runId: RUN_ID, originNs: 0n, promptOf: read });
    const batch = buildEventBatch([
      { kind: 5, timestampNs: 1 as Nanoseconds, sampleSeq: 1 as SampleSeq, extras: [0, 3] },
    ]);
    const first = lines.line(batch, 0);
    expect(first).toContain('row 3');
    expect(lines.line(batch, 0)).toBe(first);
    expect(reads).toBe(1);
    lines.forgetPrompts();
    expect(lines.line(batch, 0)).toBe(first);
    expect(reads).toBe(2);
  });

  it('names a run by whatever its header says', () => {
    const run: RunContext = { runId: 'odd "id"\n' as RunId, originNs: 0n };
    const batch = buildEventBatch([{ kind: 7, timestampNs: 1 as Nanoseconds, sampleSeq: 1 as SampleSeq }]);
    expect(new BatchLines(run).line(batch, 0)).toBe(recordToJsonLine(recordFields(recordAt(batch, 0), run)));
  });
});
