import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CANCELLED_BY_PLAN_ERROR_TYPE, CANCELLED_ERROR_TYPE, EventKind } from '../../src/core/event-types.ts';
import { type GoodputFacts, readGoodput } from '../../src/core/goodput.ts';
import { readThroughput } from '../../src/core/throughput.ts';
import { type GoodRule, parseGoodRule } from '../../src/rules/good-rule.ts';
import {
  complete,
  event,
  failed,
  issuedDue,
  recvFirst,
  recvNonFirst,
  ScriptedRun,
  started,
  startTracking,
} from './scripted-run.ts';

const MS = 1e6;
const DIMENSIONS = [{ name: 'endpoint', values: ['a', 'b'] }];

function rule(text: string): GoodRule {
  const parsed = parseGoodRule(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}

function goodputOf(run: ScriptedRun): GoodputFacts {
  return readGoodput(run.aggregator.extras())!;
}

const ENDS = ['ok', 'ok', 'ok', 'failed', 'cancelled', 'by_plan', 'open'] as const;

interface Scripted {
  readonly group: 0 | 1;
  readonly end: (typeof ENDS)[number];
  readonly lateMs: number;
  readonly ttftMs: number;
  readonly restMs: number;
  readonly tokens: number;
}

const scripted: fc.Arbitrary<Scripted> = fc.record({
  group: fc.constantFrom(0 as const, 1 as const),
  end: fc.constantFrom(...ENDS),
  lateMs: fc.integer({ min: 0, max: 20 }),
  ttftMs: fc.integer({ min: 1, max: 100 }),
  restMs: fc.integer({ min: 1, max: 400 }),
  tokens: fc.integer({ min: 2, max: 40 }),
});

function play(samples: readonly Scripted[], good: GoodRule): ScriptedRun {
  const run = new ScriptedRun({ groups: DIMENSIONS, good, tokenCounter: null });
  run.send(started(0), startTracking(0));
  const records = samples.flatMap(({ group, end, lateMs, ttftMs, restMs, tokens }, sample) => {
    const [dueNs, atNs] = [sample * MS, (sample + lateMs) * MS];
    const firstNs = atNs + ttftMs * MS;
    const endNs = firstNs + restMs * MS;
    const issue = {
      ...event(EventKind.sampleIssued, atNs, sample),
      extras: [dueNs, 0, NaN, NaN, NaN, group],
    };
    const begun = [issue, recvFirst(sample, firstNs), recvNonFirst(sample, endNs)];
    if (end === 'open') return begun;
    const completion = complete(sample, endNs, { usage: [3, tokens] });
    if (end === 'ok') return [...begun, completion];
    const types = {
      by_plan: CANCELLED_BY_PLAN_ERROR_TYPE,
      cancelled: CANCELLED_ERROR_TYPE,
      failed: 'http_503',
    };
    return [...begun, failed(sample, endNs, types[end]), completion];
  });
  return run.send(...records.toSorted((a, b) => a.timestampNs - b.timestampNs));
}

describe('goodput of an aggregator', () => {
  it('counts as looking at each sample does, in all and by group', () => {
    const good = rule('response ttft < 60ms and tpot <= 10ms and latency < 300ms');
    fc.assert(
      fc.property(fc.array(scripted, { maxLength: 60 }), (samples) => {
        const found = goodputOf(play(samples, good));
        const ended = samples.filter(({ end }) => end === 'ok' || end === 'failed');
        const kept = ended.filter(
          ({ end, lateMs, ttftMs, restMs, tokens }) =>
            end === 'ok' &&
            lateMs + ttftMs < 60 &&
            (restMs * MS) / (tokens - 1) <= 10 * MS &&
            ttftMs + restMs < 300,
        );
        expect([found.ended, found.good]).toEqual([ended.length, kept.length]);
        const parts = [0, 1].map((group) => ({
          ...{ dimension: 'endpoint', name: ['a', 'b'][group]! },
          ended: ended.filter((sample) => sample.group === group).length,
          good: kept.filter((sample) => sample.group === group).length,
        }));
        expect(found.parts).toEqual(parts.filter((part) => part.ended > 0));
      }),
    );
  });

  it.each(['ttft < 50ms', 'ttft < 50ms and output tokens >= 5'])(
    'has rates over the measured window: %s',
    (text) => {
      const run = new ScriptedRun({ good: rule(text), tokenCounter: null });
      run.send(started(0), startTracking(0));
      const records = Array.from({ length: 200 }, (_, sample) => {
        const atNs = 10 * sample * MS;
        const firstNs = atNs + (sample % 4 === 0 ? 60 : 20) * MS;
        return [
          issuedDue(sample, atNs, atNs),
          recvFirst(sample, firstNs),
          recvNonFirst(sample, firstNs + 20 * MS),
          complete(sample, firstNs + 20 * MS, { usage: [3, 10] }),
        ];
      }).flat();
      run.send(...records.toSorted((a, b) => a.timestampNs - b.timestampNs));
      const [found, all] = [goodputOf(run), readThroughput(run.aggregator.extras())!];
      expect(found).toMatchObject({ ended: 200, good: 150 });
      expect(found.good_per_second! / all.succeeded_per_second).toBeCloseTo(0.75, 1);
      expect(found.output_tokens_per_second! / all.output_tokens_per_second).toBeCloseTo(0.75, 1);
    },
  );

  it('waits for tokens that our tokenizer counts', async () => {
    const run = new ScriptedRun({ good: rule('tpot < 10ms and output tokens >= 3') });
    run.send(started(0), startTracking(0));
    for (const [sample, restMs] of [20, 40].entries()) {
      run.send(issuedDue(sample, 0, 0), recvFirst(sample, MS), recvNonFirst(sample, (1 + restMs) * MS));
      run.send(complete(sample, (1 + restMs) * MS, { answer: { output: ['one ', 'two three four'] } }));
    }
    expect(goodputOf(run)).toMatchObject({ ended: 2, good: 0 });
    await run.queue!.drain();
    // Three words behind the first chunk: 6.7 ms each, and 13.3 ms.
    expect(goodputOf(run)).toMatchObject({ ended: 2, good: 1 });
  });

  it('takes a response in one chunk for one without gaps, and none for one that was not streamed', () => {
    const run = new ScriptedRun({ good: rule('tpot < 10ms'), tokenCounter: null });
    run.send(started(0), startTracking(0), issuedDue(0, 0, 0), issuedDue(1, 0, 0));
    run.send(
      recvFirst(0, MS),
      complete(0, 2 * MS, { usage: [3, 5] }),
      complete(1, 2 * MS, { usage: [3, 5] }),
    );
    expect(goodputOf(run)).toMatchObject({ ended: 2, good: 1 });
  });

  it('tells turns apart by their positions, and leaves out what is no turn', () => {
    const run = new ScriptedRun({ conversations: true, good: rule('ttft < 5ms'), tokenCounter: null });
    run.send(started(0), startTracking(0));
    // One conversation of 20 turns, of which every second one is slow; and a sample outside of it.
    for (let position = 0; position < 20; position++) {
      const issue = { ...event(EventKind.sampleIssued, 0, position), extras: [0, 0, 7, position, 20] };
      const firstNs = position % 2 === 0 ? MS : 9 * MS;
      run.send(issue, recvFirst(position, firstNs), complete(position, 10 * MS));
    }
    run.send(issuedDue(99, 0, 0), recvFirst(99, MS), complete(99, 10 * MS));
    const found = goodputOf(run);
    expect([found.ended, found.good]).toEqual([21, 11]);
    expect(found.parts.map(({ dimension, name, ended, good }) => [dimension, name, ended, good])).toEqual([
      ['turn', '1', 1, 1],
      ['turn', '2', 1, 0],
      ['turn', '3-4', 2, 1],
      ['turn', '5-8', 4, 2],
      ['turn', '9-16', 8, 4],
      ['turn', '17+', 4, 2],
    ]);
  });

  it('is not there without a rule', () => {
    expect(readGoodput(new ScriptedRun().aggregator.extras())).toBeUndefined();
  });
});
