import { expect, it } from 'vitest';
import { EventKind } from '../core/event-types.ts';
import type { RunId, SampleSeq } from '../core/ids.ts';
import type { Nanoseconds } from '../core/time.ts';
import { buildEventBatch } from './batch-builder.ts';
import { BatchLines } from './batch-lines.ts';
import type { EventRecord } from './event-batch.ts';
import { OpenTurns } from './open-turns.ts';
import { EventRecordCodec } from './record-codec.ts';

const RUN = { runId: '00112233aabbccdd' as RunId, originNs: 5n };
const { sampleIssued, sampleNotSent, sampleRecvFirst, sampleRecvNonFirst, sampleComplete, errorGeneric } =
  EventKind;

const record = (kind: EventKind, seq: number, ...extras: number[]): EventRecord => ({
  ...{ kind, timestampNs: 10 as Nanoseconds, sampleSeq: seq as SampleSeq, extras },
});

/** Sample 1 is the third turn of conversation 12, sample 2 a single request, sample 3 the first turn of conversation 0. */
const RECORDS = [
  record(EventKind.sessionStarted, 2 ** 32 - 1),
  record(sampleIssued, 1, 7, 4, 12, 2, 3),
  record(sampleIssued, 2, 7, 5),
  record(sampleRecvFirst, 2, 0),
  record(sampleRecvFirst, 1, 0),
  record(sampleIssued, 3, 9, 0, 0, 0, 1),
  record(sampleRecvNonFirst, 1),
  record(errorGeneric, 3),
  record(sampleComplete, 3),
  record(sampleComplete, 1, 8, 9),
  record(sampleNotSent, 4, 9, 0, 3, 1, 2),
  // A number may be given again in the next phase.
  record(sampleRecvFirst, 1, 0),
];
const PLACES = [
  ['', null],
  ['12', 5],
  ['', null],
  ['', null],
  ['12', 5],
  ['0', 1],
  ['12', 5],
  ['0', 1],
  ['0', 1],
  ['12', 5],
  ['', null],
  ['', null],
];

it('every record of a turn names its conversation on the wire', () => {
  const writing = new EventRecordCodec({ ...RUN, turns: new OpenTurns(), writesExtras: true });
  const reading = new EventRecordCodec(RUN);
  const read = RECORDS.map((one) => reading.decode(writing.encode(one).payload));
  expect(read.map(({ note }) => [note?.conversationId ?? '', note?.turn ?? null])).toEqual(PLACES);
  expect(read.map(({ extras = [] }) => extras)).toEqual(RECORDS.map(({ extras }) => extras));
});

it('and so does every line of events.jsonl', () => {
  const lines = new BatchLines({ ...RUN, turns: new OpenTurns() });
  const batch = buildEventBatch(RECORDS, 0);
  const told = RECORDS.map((_, i) => JSON.parse(lines.line(batch, i)) as Record<string, unknown>);
  expect(told.map(({ conversation_id: id, turn }) => [id, turn])).toEqual(PLACES);
});

it('a conversation with a name in the dataset goes by that', () => {
  const turns = new OpenTurns();
  const note = { conversationId: 'a "b"__repeat_2', turn: 7 };
  const extraOf = (position: number) => [0, 4, 12, 2, 3][position] ?? NaN;
  expect(turns.of(sampleIssued, 1, extraOf, note)).toEqual(note);
  expect(turns.of(sampleRecvFirst, 1, () => NaN)).toEqual(note);
  const batch = buildEventBatch([
    { ...record(sampleIssued, 1, 7, 4, 12, 2, 3), note },
    record(sampleComplete, 1, 8, 9),
  ]);
  const lines = new BatchLines({ ...RUN, turns: new OpenTurns() });
  for (const index of [0, 1]) {
    expect(JSON.parse(lines.line(batch, index))).toMatchObject({
      conversation_id: note.conversationId,
      turn: 7,
    });
  }
});
