import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CANCELLED_BY_PLAN_ERROR_TYPE, CANCELLED_ERROR_TYPE, EventKind } from '../../src/core/event-types.ts';
import {
  type GroupDimension,
  groupDimension,
  type GroupFacts,
  groupNumber,
  groupPositions,
  MAX_GROUP_VALUES,
  readGroups,
} from '../../src/core/sample-groups.ts';
import { readThroughput } from '../../src/core/throughput.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import type { SeriesSnapshot } from '../../src/metrics/snapshot.ts';
import { complete, event, failed, recvFirst, recvNonFirst, ScriptedRun } from './scripted-run.ts';
import { started, startTracking } from './scripted-run.ts';

const DIMENSIONS: readonly GroupDimension[] = [
  { name: 'endpoint', values: ['a', 'b', 'c'] },
  { name: 'model', values: ['x', 'y'] },
];

function issuedIn(sample: number, atNs: number, group: number): EventRecord {
  return { ...event(EventKind.sampleIssued, atNs, sample), extras: [atNs, 0, NaN, NaN, NaN, group] };
}

const ENDS = ['ok', 'ok', 'http_503', 'timeout', 'cancelled', 'by_plan', 'open', 'not_sent'] as const;

interface Scripted {
  readonly positions: readonly [endpoint: number, model: number];
  readonly end: (typeof ENDS)[number];
  readonly ttftNs: number;
  readonly restNs: number;
  readonly tokens: number;
}

const scripted: fc.Arbitrary<Scripted> = fc.record({
  positions: fc.tuple(fc.nat(2), fc.nat(1)),
  end: fc.constantFrom(...ENDS),
  ttftNs: fc.integer({ min: 1, max: 1e9 }),
  restNs: fc.integer({ min: 1, max: 1e9 }),
  tokens: fc.integer({ min: 2, max: 500 }),
});

function play(samples: readonly Scripted[]): ScriptedRun {
  const run = new ScriptedRun({ groups: DIMENSIONS, tokenCounter: null });
  run.send(started(0), startTracking(0));
  const records = samples.flatMap(({ positions, end, ttftNs, restNs, tokens }, sample) => {
    const atNs = 1000 * sample;
    const group = groupNumber(DIMENSIONS, positions);
    const issue = issuedIn(sample, atNs, group);
    const endNs = atNs + ttftNs + restNs;
    if (end === 'not_sent') return [{ ...issue, kind: EventKind.sampleNotSent }];
    const begun = [issue, recvFirst(sample, atNs + ttftNs), recvNonFirst(sample, endNs)];
    if (end === 'open') return begun;
    if (end === 'ok') return [...begun, complete(sample, endNs, { usage: [3, tokens] })];
    const types = { by_plan: CANCELLED_BY_PLAN_ERROR_TYPE, cancelled: CANCELLED_ERROR_TYPE } as const;
    const type = end === 'by_plan' || end === 'cancelled' ? types[end] : end;
    return [...begun, failed(sample, endNs, type), complete(sample, endNs)];
  });
  return run.send(...records.sort((a, b) => a.timestampNs - b.timestampNs));
}

test('counts each group as a plain count does, and the groups of each dimension add up to the run', () => {
  fc.assert(
    fc.property(fc.array(scripted, { maxLength: 40 }), (samples) => {
      const run = play(samples);
      const dimensions = readGroups(run.aggregator.extras());
      const { metrics } = run.registry.buildSnapshot({
        ...{ timestampNs: 0, state: 'complete', pendingTaskCount: 0 },
      });
      const series = (name: string) =>
        metrics.find((metric): metric is SeriesSnapshot => metric.type === 'series' && metric.name === name);
      expect(dimensions.map(({ dimension, groups }) => [dimension, groups.map(({ name }) => name)])).toEqual(
        DIMENSIONS.map(({ name, values }) => [name, values]),
      );
      for (const [at, { dimension, groups }] of dimensions.entries()) {
        for (const [position, facts] of groups.entries()) {
          const own = samples.filter(({ positions }) => positions[at] === position);
          const ended = (...ends: Scripted['end'][]) => own.filter(({ end }) => ends.includes(end));
          const succeeded = ended('ok');
          expect(facts).toEqual({
            name: DIMENSIONS[at]!.values[position]!,
            issued: own.length - ended('not_sent').length,
            succeeded: succeeded.length,
            errored: ended('http_503', 'timeout').length,
            cancelled: ended('cancelled').length,
            cancelled_by_plan: ended('by_plan').length,
            not_sent: ended('not_sent').length,
            errors_by_type: Object.fromEntries<number>(
              (
                [
                  ['http_503', ended('http_503').length],
                  ['timeout', ended('timeout').length],
                  [CANCELLED_ERROR_TYPE, ended('cancelled').length],
                  [CANCELLED_BY_PLAN_ERROR_TYPE, ended('by_plan').length],
                ] as const
              ).filter(([, count]) => count !== 0),
            ),
            output_tokens: succeeded.reduce((sum, { tokens }) => sum + tokens, 0),
            output_tokens_per_second: facts.output_tokens_per_second,
          } satisfies GroupFacts);
          const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
          const begun = own.filter(({ end }) => end !== 'not_sent');
          expect(Number(series(`${dimension}_${position}_ttft_ns`)?.total ?? 0)).toBe(
            total(begun.map(({ ttftNs }) => ttftNs)),
          );
          expect(Number(series(`${dimension}_${position}_latency_ns`)?.total ?? 0)).toBe(
            total(succeeded.map(({ ttftNs, restNs }) => ttftNs + restNs)),
          );
          expect(Number(series(`${dimension}_${position}_tpot_ns`)?.total ?? 0)).toBeCloseTo(
            total(succeeded.map(({ restNs, tokens }) => restNs / (tokens - 1))),
            3,
          );
        }
        const rates = groups.map(({ output_tokens_per_second: rate }) => rate);
        const throughput = readThroughput(run.aggregator.extras());
        if (throughput === undefined) expect(rates).toEqual(rates.map(() => null));
        else
          expect(rates.reduce<number>((sum, rate) => sum + rate!, 0)).toBeCloseTo(
            throughput.output_tokens_per_second,
            3,
          );
      }
    }),
    { numRuns: 60 },
  );
});

test('a group that the run does not have counts nowhere', () => {
  const run = new ScriptedRun({ groups: DIMENSIONS, tokenCounter: null });
  run.send(started(0), startTracking(0));
  for (const [sample, group] of [6, -1, 0.5, NaN, 2 ** 60].entries()) {
    run.send(issuedIn(sample, sample, group), recvFirst(sample, sample), complete(sample, sample + 1));
  }
  const [endpoints] = readGroups(run.aggregator.extras());
  expect(endpoints!.groups.map(({ issued }) => issued)).toEqual([0, 0, 0]);
  expect(run.count('tracked_samples_succeeded')).toBe(5);
});

test('a run whose samples are alike has no groups', () => {
  const run = new ScriptedRun({ tokenCounter: null });
  run.send(started(0), startTracking(0), issuedIn(0, 1, 0), complete(0, 2));
  expect(run.aggregator.extras()).not.toHaveProperty('groups');
  expect(groupDimension('endpoint', ['a'])).toBeUndefined();
});

test('group numbers and positions are the reverse of each other, and beyond the limit all are others', () => {
  for (let group = 0; group < 6; group++) {
    expect(groupNumber(DIMENSIONS, groupPositions(DIMENSIONS, group)!)).toBe(group);
  }
  const many = groupDimension(
    'model',
    Array.from({ length: 100 }, (_, i) => `m${i}`),
  )!;
  expect(many.values).toHaveLength(MAX_GROUP_VALUES);
  expect(many.values.slice(-2)).toEqual(['m62', 'others']);
  expect(groupPositions([many], groupNumber([many], [80]))).toEqual([63]);
  expect(groupDimension('endpoint', ['a', 'a', 'b'])!.values).toEqual(['a', 'a (2)', 'b']);
});
