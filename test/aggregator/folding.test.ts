import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EVENT_TOPICS, EventKind, isErrorKind } from '../../src/core/event-types.ts';
import type { SampleSeq } from '../../src/core/ids.ts';
import { COUNTERS, SERIES } from '../../src/core/metric-catalogue.ts';
import type { Nanoseconds } from '../../src/core/time.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { PayloadEncoder } from '../../src/events/payload.ts';
import { NaiveAggregator } from './naive-aggregator.ts';
import { prompt, ScriptedRun } from './scripted-run.ts';

const encoder = new PayloadEncoder();
const PROMPTS = [
  prompt({ text: 'a dataset row' }),
  prompt({ tokenIds: [1, 2] }),
  prompt({ messages: [{ role: 'user', content: 'hello there' }] }),
  prompt({}),
];

const text = fc.constantFrom('', 'one', 'two words', ' three more words ');
const chunks = fc.oneof(text, fc.array(text, { maxLength: 3 }));
const toolCalls = fc.constantFrom(
  null,
  [],
  [{ id: 'done call' }],
  [
    [{ index: 0, id: 'x', function: { name: 'f', arguments: 'a b' } }],
    [{ index: 0, function: { arguments: ' c d' } }],
  ],
);
const answer = fc
  .record({ output: chunks, reasoning: fc.oneof(fc.constant(null), chunks), toolCalls })
  .map((output) => encoder.textModelOutput(output));
const asked = fc.oneof(
  fc.constantFrom(...PROMPTS).map((data) => encoder.promptData(data)),
  answer,
);
const failure = fc
  .constantFrom('cancelled', 'cancelled.planned', 'timeout')
  .map((errorType) => encoder.errorData({ errorType, errorMessage: '' }));
const tokens = fc.constantFrom(NaN, 0, 1, 9);

/** What records of a kind may carry beside the columns. */
function cargoOf(kind: EventKind): fc.Arbitrary<Partial<EventRecord>> {
  switch (kind) {
    case EventKind.sampleIssued:
      return fc.oneof(
        fc.record({ payload: asked }),
        fc.tuple(fc.nat(400), fc.nat(PROMPTS.length)).map((extras) => ({ extras })),
        fc.constant({}),
      );
    case EventKind.sampleRecvFirst:
    case EventKind.sampleRecvNonFirst:
      return fc
        .tuple(fc.constantFrom([], [], [], [-1], [-2]), fc.subarray([0, 1, 2, 3], { maxLength: 2 }))
        .map(([choice, opened]) => ({ extras: [...choice, ...opened] }));
    case EventKind.sampleComplete:
      return fc.record(
        {
          payload: answer,
          extras: fc.array(tokens, { minLength: 2, maxLength: 6 }),
          finishReason: fc.constantFrom('stop', 'length', 'tool_calls', 'eos', ''),
        },
        { requiredKeys: [] },
      );
    default:
      return isErrorKind(kind) ? fc.record({ payload: failure }) : fc.constant({});
  }
}

/** Mostly events of few samples, so that they meet; now and then the session starts, tracks, stops, ends. */
const KINDS = [...EVENT_TOPICS.keys()] as EventKind[];
const kindWeight = (kind: EventKind) =>
  kind === EventKind.sessionEnded || kind === EventKind.sessionStarted ? 1 : kind <= 4 ? 3 : 12;
const record: fc.Arbitrary<EventRecord> = fc
  .oneof(...KINDS.map((kind) => ({ arbitrary: fc.constant(kind), weight: kindWeight(kind) })))
  .chain((kind) =>
    fc
      .tuple(fc.nat(40), fc.option(fc.nat(5), { freq: 20 }), cargoOf(kind))
      .map(([timestampNs, seq, cargo]) => ({
        kind,
        timestampNs: timestampNs as Nanoseconds,
        ...(seq === null ? {} : { sampleSeq: seq as SampleSeq }),
        ...cargo,
      })),
  );

test('folds any stream of events, cut into any batches, as the plain model does', async () => {
  const batches = fc.array(fc.array(record, { maxLength: 40 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(batches, fc.boolean(), async (stream, alreadyTracking) => {
      const model = new NaiveAggregator(PROMPTS);
      const run = new ScriptedRun();
      run.aggregator.setPrompts(0, PROMPTS);
      const tracking = { kind: EventKind.sessionStartTracking, timestampNs: 0 as Nanoseconds };
      for (const batch of alreadyTracking ? [[tracking], ...stream] : stream) {
        for (const one of batch) model.fold(one);
        run.send(...batch);
      }
      expect(await run.queue!.drain()).toBe(0);
      for (const { name } of COUNTERS)
        expect([name, run.count(name)]).toEqual([name, model.counters[name] ?? 0]);
      const ofSamples = SERIES.filter(
        ({ conversationsOnly, connectionsOnly, onlyKinds }) =>
          !conversationsOnly && !connectionsOnly && (onlyKinds === null || onlyKinds.includes('text')),
      );
      for (const { name, unit } of ofSamples) {
        const inOrder = (values: readonly number[]) =>
          unit === 'tokens' || name === 'tpot_ns' ? values.toSorted((a, b) => a - b) : values;
        expect([name, inOrder(run.values(name)!)]).toEqual([name, inOrder(model.series[name] ?? [])]);
      }
      const { aggregator } = run;
      expect(aggregator.inFlightRows().map(({ seq }) => seq)).toEqual([...model.rows.keys()].sort());
      expect(aggregator.isTracking).toBe(model.tracking);
      expect(aggregator.windows).toEqual(
        model.windows.map(({ start, last, completed }) => ({
          startNs: start,
          lastCompleteNs: last,
          completedCount: completed,
        })),
      );
      expect(aggregator.trackedDurationNs).toBe(model.trackedDuration());
      expect(aggregator.loadgenDurationNs).toBe(model.loadgenDuration());
    }),
    { numRuns: 400 },
  );
});
