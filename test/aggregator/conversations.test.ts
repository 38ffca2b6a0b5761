import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CANCELLED_BY_PLAN_ERROR_TYPE, CANCELLED_ERROR_TYPE } from '../../src/core/event-types.ts';
import { readConversationLanes } from '../../src/core/conversation-lanes.ts';
import { TURN_BUCKETS } from '../../src/core/metric-catalogue.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { complete, event, failed, recvFirst, ScriptedRun, started, startTracking } from './scripted-run.ts';
import { EventKind } from '../../src/core/event-types.ts';

function turn(
  sample: number,
  atNs: number,
  [conversation, position, turnCount]: readonly [number, number, number],
): EventRecord {
  return {
    ...event(EventKind.sampleIssued, atNs, sample),
    extras: [atNs - 5, 0, conversation, position, turnCount],
  };
}

interface Scripted {
  readonly turnCount: number;
  /** What becomes of each turn that is sent; a conversation may stop before its end. */
  readonly ends: readonly ('ok' | 'error' | 'cancelled' | 'open')[];
}

const scripted: fc.Arbitrary<Scripted> = fc.integer({ min: 1, max: 20 }).chain((turnCount) =>
  fc.record({
    turnCount: fc.constant(turnCount),
    ends: fc.array(fc.constantFrom('ok', 'ok', 'ok', 'ok', 'error', 'cancelled', 'open'), {
      minLength: 1,
      maxLength: turnCount,
    }),
  }),
);

/** In which group of positions a turn is, counted by hand. */
function bucketOf(position: number): string {
  const nth = position + 1;
  return nth <= 2 ? String(nth) : nth <= 4 ? '3_4' : nth <= 8 ? '5_8' : nth <= 16 ? '9_16' : '17_up';
}

test('counts conversations and sorts their turns as a plain count does, however they are interleaved', () => {
  fc.assert(
    fc.property(fc.array(scripted, { maxLength: 12 }), fc.integer(), (conversations, seed) => {
      const run = new ScriptedRun({ conversations: true, tokenCounter: null });
      run.send(started(0), startTracking(0));
      // The turns of a conversation in their order, those of different ones mixed.
      const left = conversations.map(({ ends }, number) => ({ number, ends: [...ends], position: 0 }));
      const latencies = new Map<string, number[]>();
      const prompts = new Map<string, number[]>();
      const cacheable = new Map<string, number[]>();
      /** Prompt and completion of each successful turn, by conversation. */
      const answered = conversations.map((): number[] => []);
      let atNs = 1000;
      let sample = 0;
      let draw = seed >>> 0;
      const firstDueNs = new Map<number, number>();
      const whole: number[] = [];
      while (left.some(({ ends }) => ends.length > 0)) {
        draw = (draw * 1_664_525 + 1_013_904_223) >>> 0;
        const open = left.filter(({ ends }) => ends.length > 0);
        const one = open[draw % open.length]!;
        const end = one.ends.shift()!;
        const { turnCount, ends } = conversations[one.number]!;
        const tookNs = 10 + (draw % 90);
        const usage = [draw % 50, draw % 7] as const;
        if (one.position === 0) firstDueNs.set(one.number, atNs - 5);
        run.send(turn(sample, atNs, [one.number, one.position, turnCount]));
        if (end !== 'open') {
          if (end === 'ok') run.send(recvFirst(sample, atNs + 4));
          else run.send(failed(sample, atNs + tookNs, end === 'cancelled' ? CANCELLED_ERROR_TYPE : 'Boom'));
          run.send(complete(sample, atNs + tookNs, end === 'ok' ? { usage } : {}));
        }
        if (end === 'ok') {
          const bucket = bucketOf(one.position);
          latencies.set(bucket, [...(latencies.get(bucket) ?? []), tookNs]);
          prompts.set(bucket, [...(prompts.get(bucket) ?? []), usage[0]]);
          const earlier = answered[one.number]!;
          if (earlier.length > 0) {
            const most = Math.min(usage[0], Math.max(...earlier));
            cacheable.set(bucket, [...(cacheable.get(bucket) ?? []), most]);
          }
          earlier.push(usage[0] + usage[1]);
          const isLast = one.position + 1 === turnCount && ends.every((each) => each === 'ok');
          if (isLast) whole.push(atNs + tookNs - firstDueNs.get(one.number)!);
        }
        one.position += 1;
        sample += 1;
        atNs += 100;
      }
      const completed = conversations.filter(
        ({ turnCount, ends }) => ends.length === turnCount && ends.every((end) => end === 'ok'),
      );
      const bad = conversations.filter(({ ends }) => ends.includes('error'));
      expect(run.aggregator.extras().conversations).toEqual(
        conversations.length === 0
          ? undefined
          : {
              begun: conversations.length,
              completed: completed.length,
              failed: bad.length,
              under_way: conversations.length - completed.length - bad.length,
              turns_planned: conversations.reduce((sum, { turnCount }) => sum + turnCount, 0),
              turns_issued: sample,
            },
      );
      expect(run.values('conversation_latency_ns')).toEqual(whole);
      for (const bucket of TURN_BUCKETS) {
        const own = latencies.get(bucket) ?? [];
        expect(run.values(`turn_${bucket}_latency_ns`)).toEqual(own);
        expect(run.values(`turn_${bucket}_ttft_ns`)).toEqual(own.map(() => 4));
        expect(run.values(`turn_${bucket}_isl`)).toEqual(prompts.get(bucket) ?? []);
        expect(run.values(`turn_${bucket}_cacheable_tokens`)).toEqual(cacheable.get(bucket) ?? []);
      }
    }),
  );
});

test('samples that claim no place, or a mad one, are samples and nothing more', () => {
  const run = new ScriptedRun({ conversations: true });
  run.send(started(0), startTracking(0));
  const places: readonly (readonly number[])[] = [
    [],
    [NaN, 0, 1],
    [0, -1, 1],
    [0, 0, 0],
    [0, 0, Infinity],
    [-3, 0, 2],
  ];
  for (const [sample, place] of places.entries()) {
    run.send(
      { ...event(EventKind.sampleIssued, 10 + sample, sample), extras: [0, 0, ...place] },
      complete(sample, 50),
    );
  }
  expect(run.count('tracked_samples_succeeded')).toBe(places.length);
  expect(run.aggregator.extras().conversations).toBeUndefined();
});

test('a run of single requests has none of the series', () => {
  expect(new ScriptedRun().values('conversation_latency_ns')).toBeUndefined();
});

test('a conversation whose turn was due and given up was begun; one with a planned cancellation has failed', () => {
  const run = new ScriptedRun({ conversations: true });
  run.send(started(0), startTracking(0));
  run.send({ ...event(EventKind.sampleNotSent, 20, 0), extras: [10, 0, 7, 0, 3] });
  run.send(turn(1, 30, [8, 0, 2]), failed(1, 40, CANCELLED_BY_PLAN_ERROR_TYPE), complete(1, 40));
  run.send(turn(2, 30, [9, 0, 2]), failed(2, 40, CANCELLED_ERROR_TYPE), complete(2, 40));
  expect(run.aggregator.extras().conversations).toEqual({
    ...{ begun: 3, completed: 0, failed: 1, under_way: 2, turns_planned: 7, turns_issued: 2 },
  });
});

test('a log that claims more turns than it said there are is read to its end', () => {
  const run = new ScriptedRun({ conversations: true });
  run.send(started(0), startTracking(0));
  run.send(turn(0, 10, [1, 0, 1]), turn(1, 10, [1, 0, 1]), complete(0, 20), complete(1, 30));
  expect(run.count('tracked_samples_succeeded')).toBe(2);
});

test('keeps the turns of those that were begun first, for a drawing', () => {
  const run = new ScriptedRun({ conversations: true, tokenCounter: null });
  run.send(started(0), startTracking(0));
  // 30 conversations of two turns: the first turn of each, then the second.
  for (let sample = 0; sample < 60; sample++) {
    const atNs = 1000 + 100 * sample;
    run.send(turn(sample, atNs, [sample % 30, Math.floor(sample / 30), 2]));
    if (sample === 59) break;
    if (sample === 3) run.send(failed(sample, atNs + 9, 'Boom'), complete(sample, atNs + 9));
    else run.send(recvFirst(sample, atNs + 4), complete(sample, atNs + 9, { usage: [7, 3] }));
  }
  const lanes = readConversationLanes(run.aggregator.historyExtras());
  expect(lanes.map(({ conversation }) => conversation)).toEqual(Array.from({ length: 24 }, (_, i) => i));
  expect(lanes.every(({ turns }) => turns.map((one) => one.turn).join() === '1,2')).toBe(true);
  expect(lanes[3]!.turns).toEqual([
    { turn: 1, due_ns: 1295, issued_ns: 1300, first_chunk_ns: null, end_ns: 1309, outcome: 'failed' },
    { turn: 2, due_ns: 4295, issued_ns: 4300, first_chunk_ns: 4304, end_ns: 4309, outcome: 'succeeded' },
  ]);
  const single = new ScriptedRun({ tokenCounter: null });
  single.send(started(0), startTracking(0));
  expect(single.aggregator.historyExtras()).not.toHaveProperty('conversation_lanes');
});
