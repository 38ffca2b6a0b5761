import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventKind } from '../core/event-types.ts';
import type { SampleSeq } from '../core/ids.ts';
import type { Nanoseconds } from '../core/time.ts';
import { buildEventBatch } from '../events/batch-builder.ts';
import { encodeBatchFrame } from '../events/columnar-codec.ts';
import { encodeWindowsFrame } from '../events/lateness-windows.ts';
import type { EventRecord } from '../events/event-batch.ts';
import { PayloadEncoder } from '../events/payload.ts';
import { SAMPLE_OUTCOMES, type SampleColumns, type StoredSamples } from '../events/sample-columns.ts';
import { FrameKind } from '../transport/frame.ts';
import { RunLogWriter } from './append.ts';
import { LogReader } from './read.ts';
import { readSamples } from './samples.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'samples-'));
  path = join(directory, 'run.log');
});
afterEach(() => rm(directory, { recursive: true }));

const payloads = new PayloadEncoder();

function record(kind: EventKind, atNs: number, seq?: number, rest: Partial<EventRecord> = {}): EventRecord {
  const sampleSeq = seq === undefined ? {} : { sampleSeq: seq as SampleSeq };
  return { kind, timestampNs: atNs as Nanoseconds, ...sampleSeq, ...rest };
}

function failure(atNs: number, seq: number, errorType: string): EventRecord {
  const payload = payloads.errorData({ errorType, errorMessage: 'why' });
  return record(EventKind.errorClient, atNs, seq, { payload });
}

/** Few enough for one chunk. */
type FewSamples = SampleColumns & Pick<StoredSamples, 'measuringSinceNs' | 'texts'>;

async function samplesOf(batches: readonly (readonly EventRecord[])[], workerId = 3): Promise<FewSamples> {
  await rm(path, { force: true });
  const writer = RunLogWriter.open(path);
  for (const records of batches)
    writer.append(FrameKind.events, encodeBatchFrame(buildEventBatch(records, workerId)));
  await writer.close();
  return fewSamples();
}

async function fewSamples(): Promise<FewSamples> {
  const samples = await readSamples(new LogReader(path));
  const { measuringSinceNs, texts } = samples;
  const [columns = {}, ...others] = [...samples.chunks()];
  expect(others).toEqual([]);
  return { count: 0, measuringSinceNs, texts, ...columns } as FewSamples;
}

/** A sample as an object, what never came left out. */
function sampleAt(samples: FewSamples, at: number) {
  const { errorTypes, finishReasons, retriedAfter, groups, texts } = samples;
  const columns = Object.entries(samples).filter(
    (entry): entry is [string, Float64Array] =>
      ArrayBuffer.isView(entry[1]) && !(entry[1] instanceof Uint16Array),
  );
  const numbers = columns.map(([name, column]) => [name, column[at]!] as const);
  return {
    ...Object.fromEntries(numbers.filter(([, value]) => !Number.isNaN(value))),
    outcomes: SAMPLE_OUTCOMES[samples.outcomes[at]!],
    ...(errorTypes[at] === 0 ? {} : { errorType: texts[errorTypes[at]!] }),
    ...(retriedAfter[at] === 0 ? {} : { retriedAfter: texts[retriedAfter[at]!] }),
    ...(groups[at] === 0 ? {} : { group: groups[at]! - 1 }),
    ...(finishReasons[at] === 0 ? {} : { finishReason: texts[finishReasons[at]!] }),
  };
}

describe('readSamples', () => {
  it('puts what is known of each sample in its columns, in the order of issue', async () => {
    const samples = await samplesOf([
      [
        record(EventKind.sampleIssued, 100, 0, { extras: [90, 7] }),
        record(EventKind.sampleRecvFirst, 150, 0, { extras: [0] }),
      ],
      [
        record(EventKind.sampleComplete, 190, 0, { finishReason: 'stop', extras: [11, 22] }),
        record(EventKind.sessionStartTracking, 195),
        record(EventKind.sampleIssued, 200, 1, { extras: [NaN, 8] }),
        record(EventKind.sampleRecvFirst, 210, 1, { extras: [1] }),
        record(EventKind.sampleRecvNonFirst, 220, 1),
        failure(230, 1, 'timeout'),
        record(EventKind.sampleComplete, 230, 1),
        record(EventKind.sessionStopTracking, 240),
        record(EventKind.sampleIssued, 250, 2, { extras: [245, 9, NaN, NaN, NaN, 5] }),
        { ...failure(260, 2, 'http_429'), kind: EventKind.sampleAttemptFailed, extras: [1, 10] },
        record(EventKind.sampleRetried, 270, 2, { extras: [2] }),
        { ...failure(280, 2, 'timeout'), kind: EventKind.sampleAttemptFailed, extras: [2, 10] },
        record(EventKind.sampleRetried, 290, 2, { extras: [3] }),
      ],
    ]);
    expect(samples.count).toBe(3);
    expect(sampleAt(samples, 0)).toEqual({
      ...{
        seqs: 0,
        rows: 7,
        attempts: 1,
        dueNs: 90,
        issuedNs: 100,
        firstChunkNs: 150,
        lastChunkNs: 150,
        completedNs: 190,
      },
      ...{ choices: 1, streamingNs: 0, streamedTokens: 21 },
      ...{ chunks: 1, outcomes: 'succeeded', measured: 0, inputTokens: 11, outputTokens: 22, workers: 3 },
      finishReason: 'stop',
    });
    expect(sampleAt(samples, 1)).toEqual({
      ...{
        seqs: 1,
        rows: 8,
        attempts: 1,
        issuedNs: 200,
        firstChunkNs: 210,
        lastChunkNs: 220,
        completedNs: 230,
        chunks: 2,
        choices: 1,
        streamingNs: 10,
      },
      ...{ outcomes: 'errored', measured: 1, workers: 3, errorType: 'timeout' },
    });
    expect(sampleAt(samples, 2)).toEqual({
      ...{
        seqs: 2,
        rows: 9,
        attempts: 3,
        dueNs: 245,
        issuedNs: 250,
        chunks: 0,
        choices: 0,
        outcomes: 'in_flight',
        measured: 0,
        retriedAfter: 'http_429 timeout',
        group: 5,
      },
      workers: 3,
    });
  });

  it('tells how late the reads of a sample may have been, by the windows of its worker', async () => {
    const writer = RunLogWriter.open(path);
    const send = (seq: number) => record(EventKind.sampleIssued, 100, seq);
    const answer = (atNs: number, seq: number) => [
      record(EventKind.sampleRecvFirst, atNs, seq, { extras: [0] }),
      record(EventKind.sampleComplete, atNs + 100, seq),
    ];
    const events = (workerId: number, records: readonly EventRecord[]) =>
      writer.append(FrameKind.events, encodeBatchFrame(buildEventBatch(records, workerId)));
    events(3, [send(0), send(1)]);
    const windows = Float64Array.of(600, 650, 200, 740, 800, 640);
    writer.append(FrameKind.windows, encodeWindowsFrame({ workerId: 3, windows }));
    events(4, [send(2), ...answer(610, 2)]);
    events(3, [...answer(500, 0), ...answer(650, 1)]);
    await writer.close();
    const samples = await fewSamples();
    expect([...samples.firstChunkLateNs]).toEqual([0, 450, 0]);
    expect([...samples.completedLateNs]).toEqual([400, 110, 0]);
  });

  it('tells a sample that was given up from one that failed, also when it failed first', async () => {
    const samples = await samplesOf([
      [0, 1, 2].map((seq) => record(EventKind.sampleIssued, seq, seq)),
      [failure(10, 0, 'cancelled'), failure(11, 1, 'timeout'), failure(12, 1, 'cancelled')],
      [0, 1, 2].map((seq) => record(EventKind.sampleComplete, 20, seq)),
    ]);
    expect([...samples.outcomes].map((code) => SAMPLE_OUTCOMES[code])).toEqual([
      'cancelled',
      'errored',
      'succeeded',
    ]);
    expect([...samples.errorTypes].map((code) => samples.texts[code])).toEqual([
      'cancelled',
      'timeout',
      null,
    ]);
  });

  it('is empty for a log without samples', async () => {
    expect((await samplesOf([])).count).toBe(0);
  });

  it('holds any number of samples that overlap in any way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(40), { minLength: 1, maxLength: 3000 }),
        fc.integer({ min: 1, max: 700 }),
        async (lags, cut) => {
          const events = lags.flatMap((lag, seq) => [
            record(EventKind.sampleIssued, seq * 10, seq, { extras: [NaN, seq % 5] }),
            record(EventKind.sampleComplete, seq * 10 + lag * 10 + 1, seq, { extras: [NaN, lag] }),
          ]);
          events.sort((a, b) => a.timestampNs - b.timestampNs);
          const batches = Array.from({ length: Math.ceil(events.length / cut) }, (_, i) =>
            events.slice(i * cut, (i + 1) * cut),
          );
          const samples = await samplesOf(batches);
          expect([...samples.seqs]).toEqual(lags.map((_, seq) => seq));
          expect([...samples.outputTokens]).toEqual(lags);
          expect([...samples.completedNs]).toEqual(lags.map((lag, seq) => seq * 10 + lag * 10 + 1));
          expect(samples.outcomes.every((code) => SAMPLE_OUTCOMES[code] === 'succeeded')).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });
});
