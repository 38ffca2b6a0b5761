import { decode } from '@msgpack/msgpack';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replayRun } from '../../src/app/fold/replay.ts';
import { RunDirectory } from '../../src/app/run-folder/run-directory.ts';
import {
  CHANNELS,
  EVENT_TOPICS,
  EventKind,
  isSessionKind,
  FINISH_OTHER,
  FINISH_REASONS,
} from '../../src/core/event-types.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { COUNTERS, SERIES } from '../../src/core/metric-catalogue.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import { decodeBatch, encodeBatchFrame } from '../../src/events/columnar-codec.ts';
import { decodePayload, PayloadEncoder, payloadToJson } from '../../src/events/payload.ts';
import { recordAt } from '../../src/events/record-fields.ts';
import { recordToJsonLine } from '../../src/events/record-json.ts';
import { SnapshotCodec, SNAPSHOT_TOPIC } from '../../src/metrics/snapshot-codec.ts';
import { parseSnapshotJson, snapshotJsonText } from '../../src/metrics/snapshot-json.ts';
import { BATCH_TOPIC, FRAME_TOPIC, FrameKind, openFrame, sealFrame } from '../../src/transport/frame.ts';
import { bytesOf, codeBlock, PAGE, PAGE_PATH, tablesUnder } from './page.ts';
import { HEADER, HEALTH, ns, seq, writeLog } from './scripted-log.ts';

describe('the annotated frame', () => {
  const output = { output: ['Hi', '!'], reasoning: null, toolCalls: null };
  const payload = new PayloadEncoder().textModelOutput(output);
  const records = [
    { kind: EventKind.sampleRecvFirst, timestampNs: ns(1_500_000), sampleSeq: seq(7), extras: [0] },
    {
      kind: EventKind.sampleComplete,
      timestampNs: ns(2_000_000),
      sampleSeq: seq(7),
      finishReason: 'eos',
      payload,
      extras: [12, 2],
    },
  ];
  const bytes = bytesOf(codeBlock('hex'));

  it('is what the program writes', () => {
    const frame = sealFrame(encodeBatchFrame(buildEventBatch(records, 1)), FrameKind.events, 5);
    expect(Buffer.from(bytes).toString('hex')).toBe(Buffer.from(frame.bytes).toString('hex'));
  });

  it('says to the program what its notes say', () => {
    const frame = openFrame(bytes);
    if (typeof frame === 'string') throw new Error(`the frame on the page is broken: ${frame}`);
    expect(frame).toMatchObject({ kind: FrameKind.events, seq: 5 });
    const batch = decodeBatch(frame.body);
    expect(batch.workerId).toBe(1);
    const [first, last] = [recordAt(batch, 0), recordAt(batch, 1)];
    expect(first).toEqual({ ...records[0], note: { workerId: 1 } });
    expect(last).toEqual({ ...records[1], note: { workerId: 1, finishReason: 'eos' } });
    expect(decodePayload(last.payload!)).toEqual({ type: 'TextModelOutput', data: output });
  });
});

/** The first `columns` columns of a table under `heading`. */
function columnsUnder(heading: string, columns: number, table = 0): string[][] {
  const rows = tablesUnder(heading)[table];
  if (rows === undefined) throw new Error(`no table ${table} under ${heading}`);
  return rows.map((row) => row.slice(0, columns));
}

const namesUnder = (heading: string) => columnsUnder(heading, 1).flat();

describe('the tables of codes', () => {
  it('hold the kinds of frames', () => {
    const kinds = Object.entries(FrameKind).map(([name, code]) => [String(code), name]);
    expect(columnsUnder('Frames', 2, 1)).toEqual(kinds);
  });

  it('hold the event types', () => {
    const types = EVENT_TOPICS.map((topic, code) => [String(code), topic]);
    expect(columnsUnder('Event types', 2)).toEqual(types);
  });

  it('hold the finish reasons', () => {
    const rows = columnsUnder('Finish reasons', 2);
    expect(rows.slice(0, -1)).toEqual(['absent', ...FINISH_REASONS].map((reason, i) => [String(i), reason]));
    expect(rows.at(-1)?.[0]).toBe(String(FINISH_OTHER));
  });

  it('hold the channels', () => {
    expect(columnsUnder('Extras', 2, 1)).toEqual(CHANNELS.map((name, code) => [String(code), name]));
  });

  it('hold the topics', () => {
    const text = (topic: Uint8Array) => Buffer.from(topic).toString().replace(/\0+$/, '');
    expect(namesUnder('Messages on a socket')).toEqual([
      text(FRAME_TOPIC),
      text(SNAPSHOT_TOPIC),
      'an event type, sample.issued',
      text(BATCH_TOPIC),
    ]);
  });

  it('hold the metrics', () => {
    expect(columnsUnder('Metrics', 2)).toEqual(COUNTERS.map(({ name, unit }) => [name, unit]));
    expect(columnsUnder('Metrics', 5, 1)).toEqual(
      SERIES.map(({ name, unit, valueKind, streamingOnly, conversationsOnly }) => [
        name,
        unit,
        valueKind,
        streamingOnly ? 'yes' : '',
        conversationsOnly ? 'yes' : '',
      ]),
    );
  });
});

describe('the tables of names', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'page-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('hold the keys of the run header and of a health report', () => {
    expect(namesUnder('Run header')).toEqual(Object.keys(HEADER));
    expect(namesUnder('Health')).toEqual(Object.keys(HEALTH));
  });

  it('hold the elements of data', () => {
    const encoder = new PayloadEncoder();
    const written = [
      encoder.textModelOutput({ output: '', reasoning: null, toolCalls: null }),
      encoder.promptData({
        text: null,
        tokenIds: null,
        messages: null,
        tools: null,
        chatTemplateKwargs: null,
        chatTemplate: null,
        toolChoice: null,
      }),
      encoder.errorData({ errorType: '', errorMessage: '' }),
    ].map((bytes) => payloadToJson(decodePayload(bytes)));
    const told = namesUnder('Data of an event').map((array) => array.replaceAll(/[[\]"\s]/g, '').split(','));
    expect(told.map((array) => [array[0], array.length])).toEqual(
      written.map((array) => [array[0], array.length]),
    );
    const described = columnsUnder('Data of an event', 1, 1).flatMap(([names]) => names!.split(', '));
    expect(described.sort()).toEqual(told.flatMap((array) => array.slice(1)).sort());
  });

  it('hold the keys of a record', () => {
    const line = recordToJsonLine({
      topic: 'sample.complete',
      timestampNs: 0n,
      sampleUuid: '',
      conversationId: '',
      turn: undefined,
      data: undefined,
      finishReason: 'stop',
      workerId: 0,
    });
    expect(namesUnder('The record wire')).toEqual(Object.keys(JSON.parse(line) as object));
  });

  it('hold the files of a run directory', async () => {
    const { path, ...files } = pathsOf(await RunDirectory.create(join(directory, 'run')));
    const names = Object.values(files).map((file) => relative(path, file));
    expect(namesUnder('Files of a run directory')).toEqual(names);
  });

  it('hold the extras of a snapshot', async () => {
    const path = join(directory, 'run.log');
    const { sessionStarted, sessionStartTracking, sampleIssued, sampleAttemptFailed, sessionEnded } =
      EventKind;
    const kinds = [sessionStarted, sessionStartTracking, sampleIssued, sampleAttemptFailed, sessionEnded];
    const records = kinds.map((kind) => ({
      kind,
      timestampNs: ns(1),
      ...(isSessionKind(kind) ? {} : { sampleSeq: seq(0) }),
    }));
    await writeLog(path, { prompts: [], batches: [{ workerId: -1, records }] });
    const extras =
      (await replayRun(RunDirectory.open(directory), { log: SILENT_LOG }))?.snapshot.extras ?? {};
    // This run has none of these; test/aggregator/conversations.test.ts and test/process (until, server-metrics, power) look at theirs.
    const rows = columnsUnder('Extras of a snapshot', 2).filter(
      ([key = '']) => !/^(conversation|until|server|power)/.test(key),
    );
    expect(rows.map(([key]) => key).sort()).toEqual(Object.keys(extras).sort());
    for (const [key, told] of rows) {
      const value = extras[key!];
      const inner = Object.keys(Object(Array.isArray(value) ? value[0] : value) as object);
      expect(inner.filter((name) => !new RegExp(`\\b${name}\\b`).test(told!))).toEqual([]);
    }
  });
});

function pathsOf(directory: RunDirectory) {
  const {
    path,
    configPath,
    mlcommonsConfigPath,
    manifestPath,
    logPath,
    eventsPath,
    finalSnapshotPath,
    resultPath,
    reportPath,
    pagePath,
  } = directory;
  return {
    path,
    configPath,
    mlcommonsConfigPath,
    manifestPath,
    logPath,
    eventsPath,
    finalSnapshotPath,
    resultPath,
    reportPath,
    pagePath,
  };
}

describe('the snapshot', () => {
  const file = codeBlock('json file');
  const snapshot = parseSnapshotJson(file);

  it('has the JSON form that the program writes', () => {
    expect(file.replace(/\s/g, '')).toBe(snapshotJsonText(snapshot).replace(/\s/g, ''));
  });

  it('has the positions that the program writes', () => {
    const wire = decode(new SnapshotCodec().encode(snapshot).payload, { useBigInt64: true });
    const text = JSON.stringify(wire, (_key, value: unknown) =>
      typeof value === 'bigint'
        ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value))
        : value,
    );
    expect(codeBlock('json wire').replace(/\s/g, '')).toBe(text);
  });
});

describe('the links of the page', () => {
  const anchorsOf = (text: string) =>
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replace(/ /g, '-'),
    );

  it('lead somewhere', () => {
    const links = [...PAGE.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(20);
    const dead = links.filter((link) => {
      const [file, anchor] = link.split('#');
      const path = file === '' ? PAGE_PATH : resolve(PAGE_PATH, '..', file!);
      if (!existsSync(path)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(path, 'utf8')).includes(anchor);
    });
    expect(dead).toEqual([]);
  });
});
