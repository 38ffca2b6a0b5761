import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runValues } from '../../src/compare/run-values.ts';
import { CHANNELS } from '../../src/core/event-types.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import { encodeBatchFrame } from '../../src/events/columnar-codec.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { RunLogWriter } from '../../src/runlog/append.ts';
import { LogReader } from '../../src/runlog/read.ts';
import { readSamples } from '../../src/runlog/samples.ts';
import { FrameKind } from '../../src/transport/frame.ts';
import { complete, issuedDue, recvFirst, recvNonFirst, ScriptedRun } from './scripted-run.ts';
import { ended, started, startTracking, stopTracking } from './scripted-run.ts';

const MS = 1e6;
const REASONING = CHANNELS.indexOf('reasoning');

/** What a server may stream: chunks of up to three choices, some of them reasoning, and its count of tokens. */
const response = fc.record({
  chunks: fc.array(fc.record({ choice: fc.nat(2), gapMs: fc.nat(50) }), { maxLength: 12 }),
  isReasoningStreamed: fc.boolean(),
  completion: fc.nat(60),
  reasoning: fc.oneof(fc.constant(NaN), fc.nat(40)),
  firstChunkTokens: fc.oneof(fc.constant(NaN), fc.integer({ min: 1, max: 4 })),
});

/** The TPOTs that a comparison and the report have of the same events. */
async function bothOf(records: readonly EventRecord[]) {
  const folder = await mkdtemp(join(tmpdir(), 'compared-tpot-'));
  try {
    const path = join(folder, 'run.log');
    const writer = RunLogWriter.open(path);
    writer.append(FrameKind.events, encodeBatchFrame(buildEventBatch(records)));
    await writer.close();
    const compared = runValues(await readSamples(new LogReader(path)))?.series.find(
      ({ key }) => key === 'tpot_ns',
    );
    const run = new ScriptedRun({ tokenCounter: null }).send(...records);
    return { compared: [...(compared?.values ?? [])], reported: run.values('tpot_ns')! };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const ascending = (values: readonly number[]) => values.toSorted((a, b) => a - b);

test('a comparison has the TPOT of the report, with hidden reasoning and several choices', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(response, { minLength: 1, maxLength: 6 }), async (responses) => {
      const records = [started(0), startTracking(0)];
      let atNs = 0;
      for (const [seq, made] of responses.entries()) {
        records.push(issuedDue(seq, (atNs += MS), atNs));
        for (const [i, { choice, gapMs }] of made.chunks.entries()) {
          const extras = [
            ...(choice > 0 ? [-choice] : []),
            ...(i === 0 && made.isReasoningStreamed ? [REASONING] : []),
          ];
          records.push((i === 0 ? recvFirst : recvNonFirst)(seq, (atNs += gapMs * MS), ...extras));
        }
        const usage = [7, made.completion, NaN, made.reasoning, NaN, made.firstChunkTokens];
        records.push(complete(seq, (atNs += MS), { usage }));
      }
      const { compared, reported } = await bothOf([...records, stopTracking(atNs), ended(atNs)]);
      expect(ascending(compared)).toEqual(ascending(reported));
      if (reported.length > 0)
        expect(sum(compared) / compared.length).toBeCloseTo(sum(reported) / reported.length, 3);
    }),
    { numRuns: 60 },
  );
});

test('of a worked example', async () => {
  const at = (ms: number) => ms * MS;
  // 1000 of 1004 tokens are reasoning that was not streamed; two choices of two and three chunks share the rest of the second one.
  const { compared, reported } = await bothOf([
    ...[started(0), startTracking(0), issuedDue(0, 0, 0), issuedDue(1, 0, 0)],
    ...[recvFirst(0, at(200)), recvNonFirst(0, at(220)), recvNonFirst(0, at(240)), recvNonFirst(0, at(260))],
    complete(0, at(900), { usage: [4, 1004, NaN, 1000] }),
    ...[recvFirst(1, at(1000)), recvNonFirst(1, at(1005), -1), recvNonFirst(1, at(1030))],
    ...[recvNonFirst(1, at(1045), -1), recvNonFirst(1, at(1065), -1)],
    complete(1, at(2000), { usage: [4, 5] }),
    ...[stopTracking(at(3000)), ended(at(3000))],
  ]);
  expect(compared).toEqual([20 * MS, 30 * MS]);
  expect(reported).toEqual([20 * MS, 30 * MS]);
});
