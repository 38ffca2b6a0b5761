import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventKind } from '../core/event-types.ts';
import { NO_SAMPLE, type RunId, sampleUuid, type SampleSeq } from '../core/ids.ts';
import type { PromptData } from '../core/model-output.ts';
import type { Nanoseconds } from '../core/time.ts';
import { buildEventBatch } from '../events/batch-builder.ts';
import { encodeBatchFrame } from '../events/columnar-codec.ts';
import type { EventRecord } from '../events/event-batch.ts';
import { PayloadEncoder } from '../events/payload.ts';
import { encodePromptsFrame } from '../events/prompts-codec.ts';
import { FRAME_HEADER_BYTES, FrameKind } from '../transport/frame.ts';
import { RunLogWriter } from './append.ts';
import { exportEventsJsonl } from './export-jsonl.ts';
import { LogReader } from './read.ts';

const RUN_ID = '00112233aabbccdd' as RunId;
const ORIGIN_NS = 9_007_199_254_740_993n; // 2^53 + 1

let directory: string;
let log: string;
let output: string;
let writer: RunLogWriter;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'export-'));
  log = join(directory, 'run.log');
  output = join(directory, 'events.jsonl');
  writer = RunLogWriter.open(log);
});
afterEach(async () => {
  await writer.close();
  await rm(directory, { recursive: true });
});

const payloads = new PayloadEncoder();

function prompt(text: string): Uint8Array {
  const data: PromptData = {
    text,
    tokenIds: null,
    messages: null,
    tools: null,
    chatTemplateKwargs: null,
    chatTemplate: null,
    toolChoice: null,
  };
  return payloads.promptData(data);
}

function record(kind: EventKind, timestampNs: number, rest: Partial<EventRecord> = {}): EventRecord {
  return { kind, timestampNs: timestampNs as Nanoseconds, ...rest };
}

const seq = (number: number) => number as SampleSeq;

function appendHeader(json: unknown = { run_id: RUN_ID, origin_ns: String(ORIGIN_NS), more: 1 }): void {
  const body = Buffer.from(JSON.stringify(json));
  writer.append(FrameKind.runHeader, Buffer.concat([Buffer.alloc(FRAME_HEADER_BYTES), body]));
}

function appendEvents(records: readonly EventRecord[], workerId = -1): void {
  writer.append(FrameKind.events, encodeBatchFrame(buildEventBatch(records, workerId)));
}

async function lines(): Promise<string[]> {
  const text = await readFile(output, 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text.split('\n').slice(0, -1);
}

describe('exportEventsJsonl', () => {
  it('writes the reference’s lines: absolute times, uuids, joined prompts, ENDED last', async () => {
    appendHeader();
    writer.append(
      FrameKind.prompts,
      encodePromptsFrame({ firstRow: 0, prompts: [prompt('zero'), prompt('one')] }),
    );
    writer.append(FrameKind.prompts, encodePromptsFrame({ firstRow: 2, prompts: [prompt('zwei €')] }));
    appendEvents([record(EventKind.sessionStarted, 0)]);
    appendEvents(
      [
        record(EventKind.sampleIssued, 10, { sampleSeq: seq(0), extras: [9, 2] }),
        record(EventKind.sampleIssued, 11, { sampleSeq: seq(1), extras: [9, 7] }),
        record(EventKind.sampleIssued, 12, { sampleSeq: seq(2), payload: prompt('own') }),
        record(EventKind.sampleComplete, 20, {
          sampleSeq: seq(0),
          finishReason: 'weird "one"',
          payload: payloads.textModelOutput({ output: ['a', 'b'], reasoning: null, toolCalls: null }),
        }),
      ],
      3,
    );
    appendEvents([
      record(EventKind.errorClient, 21, { note: { conversationId: 'c', turn: 3 } }),
      record(EventKind.sessionEnded, 30),
      record(EventKind.errorGeneric, 31),
    ]);
    appendEvents([record(EventKind.errorGeneric, 32)]);
    expect(await exportEventsJsonl(new LogReader(log), output)).toEqual({
      ...{ records: 7, ended: true },
    });
    const none = '"conversation_id":"","turn":null,"data":null';
    const uuid = (number: number) => sampleUuid(RUN_ID, seq(number));
    const nulls = 'null,null,null,null,null,null';
    expect(await lines()).toEqual([
      `{"event_type":"session.started","timestamp_ns":9007199254740993,"sample_uuid":"",${none}}`,
      `{"event_type":"sample.issued","timestamp_ns":9007199254741003,"sample_uuid":"${uuid(0)}","conversation_id":"","turn":null,"data":["PromptData","zwei €",${nulls}],"worker_id":3}`,
      `{"event_type":"sample.issued","timestamp_ns":9007199254741004,"sample_uuid":"${uuid(1)}",${none},"worker_id":3}`,
      `{"event_type":"sample.issued","timestamp_ns":9007199254741005,"sample_uuid":"${uuid(2)}","conversation_id":"","turn":null,"data":["PromptData","own",${nulls}],"worker_id":3}`,
      `{"event_type":"sample.complete","timestamp_ns":9007199254741013,"sample_uuid":"${uuid(0)}","conversation_id":"","turn":null,"data":["TextModelOutput",["a","b"],null,null],"finish_reason":"weird \\"one\\"","worker_id":3}`,
      `{"event_type":"error.client","timestamp_ns":9007199254741014,"sample_uuid":"","conversation_id":"c","turn":3,"data":null}`,
      `{"event_type":"session.ended","timestamp_ns":9007199254741023,"sample_uuid":"",${none}}`,
    ]);
    expect((await readdir(directory)).sort()).toEqual(['events.jsonl', 'run.log']);
  });

  it('exports what is there of a run that was cut off, and says so', async () => {
    appendHeader();
    appendEvents([record(EventKind.sessionStarted, 0)]);
    const wholeBytes = writer.bytes;
    appendEvents([record(EventKind.sessionEnded, 1)]);
    await truncate(log, wholeBytes + 30);
    const reader = new LogReader(log);
    expect(await exportEventsJsonl(reader, output)).toEqual({ records: 1, ended: false });
    expect(reader.losses).toMatchObject({ frames: 2, lostFrames: 0, tornBytes: 30 });
    expect(await lines()).toHaveLength(1);
  });

  describe('of a log with corrupt places', () => {
    const issued = (row: number) =>
      record(EventKind.sampleIssued, 10 + row, { sampleSeq: seq(row), extras: [9, row] });
    /** Where the frames of header, two prompts, and events begin. */
    let starts: number[];
    beforeEach(() => {
      starts = [];
      const appends = [
        () => appendHeader(),
        () =>
          writer.append(FrameKind.prompts, encodePromptsFrame({ firstRow: 0, prompts: [prompt('zero')] })),
        () => writer.append(FrameKind.prompts, encodePromptsFrame({ firstRow: 1, prompts: [prompt('one')] })),
        () => appendEvents([issued(0)]),
        () => appendEvents([issued(1)]),
        () => appendEvents([record(EventKind.sessionEnded, 30)]),
      ];
      for (const append of appends) {
        starts.push(writer.bytes);
        append();
      }
    });

    async function damage(...frames: readonly number[]): Promise<void> {
      const bytes = await readFile(log);
      for (const frame of frames) bytes[starts[frame]! + 30]! ^= 1;
      await writeFile(log, bytes);
    }
    const samples = async () =>
      (await lines()).map((line) => /"sample_uuid":"(\w*)".*?"data":(.{20})/.exec(line)?.slice(1));
    const uuid = (number: number) => sampleUuid(RUN_ID, seq(number));

    it('exports the rest, and tells of each and how much is missing', async () => {
      await damage(1, 3);
      const told: string[] = [];
      const reader = new LogReader(log, { onFault: (error) => void told.push(error.message) });
      expect(await exportEventsJsonl(reader, output)).toEqual({ records: 2, ended: true });
      expect(reader.losses).toMatchObject({
        lostFrames: 2,
        corruptBytes: starts[2]! - starts[1]! + starts[4]! - starts[3]!,
      });
      expect(told).toEqual([
        expect.stringContaining(`corrupt at byte ${starts[1]}`),
        expect.stringContaining(`corrupt at byte ${starts[3]}`),
      ]);
      // Its prompt stands behind the first corrupt place, and is found there.
      expect(await samples()).toEqual([[uuid(1), '["PromptData","one",'], undefined]);
    });

    it('leaves out a frame that is refused, and says which', async () => {
      const told: string[] = [];
      const reader = new LogReader(log, {
        check: ({ seq: number }) => {
          if (number === 3) throw new Error('odd');
        },
        onFault: (error) => void told.push(error.message),
      });
      expect(await exportEventsJsonl(reader, output)).toEqual({ records: 2, ended: true });
      expect(reader.losses).toMatchObject({ frames: 5, malformedFrames: 1, lostFrames: 0 });
      expect(told).toEqual([`${log}: frame 3 at byte ${starts[3]} is malformed: odd`]);
    });

    it('does without the header frame when it knows the header', async () => {
      await damage(0);
      await expect(exportEventsJsonl(new LogReader(log), output)).rejects.toThrow('before its header');
      const header = { runId: RUN_ID, originNs: ORIGIN_NS };
      expect(await exportEventsJsonl(new LogReader(log), output, header)).toEqual({
        records: 3,
        ended: true,
      });
      expect((await samples())[0]![0]).toBe(uuid(0));
    });
  });

  it('streams: a log of many batches in order', async () => {
    appendHeader();
    for (let batch = 0; batch < 200; batch++) {
      appendEvents(
        Array.from({ length: 500 }, (_, i) =>
          record(EventKind.sampleRecvNonFirst, batch * 500 + i, { sampleSeq: seq(i) }),
        ),
      );
    }
    expect((await exportEventsJsonl(new LogReader(log), output)).records).toBe(100_000);
    const stamps = (await lines()).map((line) => /"timestamp_ns":(\d+)/.exec(line)?.[1]);
    expect(stamps[0]).toBe(String(ORIGIN_NS));
    expect(stamps.at(-1)).toBe(String(ORIGIN_NS + 99_999n));
    expect(new Set(stamps).size).toBe(100_000);
  });

  it.each([
    [{ origin_ns: '1' }, 'has no run_id'],
    [{ run_id: 'x', origin_ns: 1 }, 'has no origin_ns'],
    [null, 'has no run_id'],
  ])('refuses the header %j and leaves no file', async (header, message) => {
    appendHeader(header);
    appendEvents([record(EventKind.sessionStarted, 0)]);
    await expect(exportEventsJsonl(new LogReader(log), output)).rejects.toThrow(message);
    expect(await readdir(directory)).toEqual(['run.log']);
  });

  it('refuses events before a header, and a place it cannot write to', async () => {
    appendEvents([record(EventKind.sessionStarted, 0, { sampleSeq: NO_SAMPLE })]);
    await expect(exportEventsJsonl(new LogReader(log), output)).rejects.toThrow('events before its header');
    await expect(exportEventsJsonl(new LogReader(log), join(directory, 'no', 'where'))).rejects.toThrow(
      'ENOENT',
    );
  });
});
