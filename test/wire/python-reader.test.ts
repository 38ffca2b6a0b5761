import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVENT_TOPICS, EventKind, REFERENCE_TOPIC_COUNT } from '../../src/core/event-types.ts';
import { exportEventsJsonl } from '../../src/runlog/export-jsonl.ts';
import { LogReader } from '../../src/runlog/read.ts';
import { logArbitrary } from './arbitrary-log.ts';
import { foreignData, outputData, promptData } from './data.ts';
import { FULL_LOG } from './full-log.ts';
import { parseEvent, readWithPython } from './python-reader.ts';
import { expectedEvents, ns, seq, type ScriptedRecord, writeLog } from './scripted-log.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wire-'));
  path = join(directory, 'run.log');
});
afterEach(() => rm(directory, { recursive: true }));

/** The events the program's own export gives, as far as it gives them. */
async function exportedEvents(logPath: string) {
  const output = join(directory, 'events.jsonl');
  await exportEventsJsonl(new LogReader(logPath), output);
  return (await readFile(output, 'utf8')).split('\n').slice(0, -1).map(parseEvent);
}

/** What events.jsonl says of them: without extras, and without the event types that the reference does not know. */
function asExported(events: readonly ReturnType<typeof parseEvent>[]) {
  const known: ReadonlySet<unknown> = new Set(EVENT_TOPICS.slice(0, REFERENCE_TOPIC_COUNT));
  return events
    .filter(({ event_type: type }) => known.has(type))
    .map(({ sample_seq: _seq, extras: _extras, ...event }) => event);
}

describe('read_run_log.py', () => {
  it('prints every event of a run, with all it says', async () => {
    await writeLog(path, FULL_LOG);
    const expected = expectedEvents(FULL_LOG);
    expect(new Set(expected.map((event) => event.event_type))).toEqual(new Set(EVENT_TOPICS));
    const { events, stderr, status } = readWithPython(path);
    expect(events).toEqual(expected);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(await exportedEvents(path)).toEqual(asExported(events));
  });

  it('reads each form of MessagePack', async () => {
    const lengths = [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536];
    const powers = [5, 7, 8, 15, 16, 31, 32, 53].map((bits) => 2 ** bits);
    const integers = powers.flatMap((power) => [power - 1, -power, -power + 1, -power - 1]).slice(0, -1);
    const values = [...integers, ...powers.slice(0, -1), 0.5, -1e300, 5e-324, true, false, null, [], {}];
    const toolChoice = { values, ['k'.repeat(40)]: [[{}]] };
    const records: ScriptedRecord[] = [
      ...lengths.map((length) =>
        outputData({ output: 'x'.repeat(length), reasoning: null, toolCalls: null }),
      ),
      ...lengths.map((length) => promptData({ tokenIds: Array<number>(length).fill(7) })),
      ...lengths.map((length) =>
        promptData({
          chatTemplateKwargs: Object.fromEntries(Array.from({ length }, (_, i) => [`k${i}`, i])),
        }),
      ),
      promptData({ toolChoice }),
      foreignData(['PromptData', null, null, null, null, null, null, Infinity], promptData({}).json),
    ].map((data) => ({ kind: EventKind.errorClient, timestampNs: ns(1), data }));
    const log = { prompts: [], batches: [{ workerId: 0, records }] };
    await writeLog(path, log);
    expect(readWithPython(path).events).toEqual(expectedEvents(log));
  });

  it('names a conversation in every record of a sample as the note of its issued record does', async () => {
    const record = { timestampNs: ns(1), sampleSeq: seq(3) };
    const records: ScriptedRecord[] = [
      {
        ...{ ...record, kind: EventKind.sampleIssued, extras: [0, 0, 7, 1] },
        note: { conversationId: 'chat-7', turn: 9 },
      },
      { ...record, kind: EventKind.sampleRecvFirst },
      { ...record, kind: EventKind.sampleComplete },
      // The same number again, in a conversation without a name.
      { ...record, kind: EventKind.sampleIssued, extras: [0, 0, 7, 1] },
    ];
    await writeLog(path, { prompts: [], batches: [{ workerId: 0, records }] });
    const { events } = readWithPython(path);
    const named = { conversation_id: 'chat-7', turn: 9 };
    expect(events).toMatchObject([named, named, named, { conversation_id: '7', turn: 3 }]);
    expect(await exportedEvents(path)).toEqual(asExported(events));
  });

  it('prints what went in, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(logArbitrary, async (log) => {
        await rm(path, { force: true });
        await writeLog(path, log);
        const { events, stderr } = readWithPython(path);
        expect(stderr).toBe('');
        expect(events).toEqual(expectedEvents(log));
        expect(await exportedEvents(path)).toEqual(asExported(events));
      }),
      { numRuns: 15 },
    );
  });

  describe('at the end of a log', () => {
    const log = {
      prompts: [],
      batches: [1, 2].map((at) => ({
        workerId: 0,
        records: [{ kind: EventKind.errorClient, timestampNs: ns(at) }],
      })),
    };
    const lastFrameBytes = 24 + 24 + 22;
    const corruptAt = (bytes: Buffer, at: number) => {
      const broken = Buffer.from(bytes);
      broken[at]! ^= 1;
      return broken;
    };
    let whole: Buffer;
    beforeEach(async () => {
      await writeLog(path, log);
      whole = await readFile(path);
    });

    it.each([1, 23, 24, 69])('leaves out a last frame torn after %i bytes', async (tornBytes) => {
      await writeFile(path, whole.subarray(0, whole.length - lastFrameBytes + tornBytes));
      const { events, stderr, status } = readWithPython(path);
      expect(events).toEqual(expectedEvents(log).slice(0, 1));
      expect({ stderr, status }).toEqual({
        stderr: `left out a torn tail of ${tornBytes} bytes\n`,
        status: 0,
      });
    });

    it('takes a broken last frame and zeros behind the last for torn', async () => {
      await writeFile(path, corruptAt(whole, whole.length - 1));
      expect(readWithPython(path).stderr).toBe(`left out a torn tail of ${lastFrameBytes} bytes\n`);
      await writeFile(path, Buffer.concat([whole, Buffer.alloc(100)]));
      const { events, stderr } = readWithPython(path);
      expect(events).toEqual(expectedEvents(log));
      expect(stderr).toBe('left out a torn tail of 100 bytes\n');
    });

    it('stops at corruption with frames behind it', async () => {
      const brokenAt = whole.length - 2 * lastFrameBytes;
      for (const offset of [0, 16, 19, 40]) {
        await writeFile(path, corruptAt(whole, brokenAt + offset));
        const { events, stderr, status } = readWithPython(path);
        expect({ events, status }).toEqual({ events: [], status: 1 });
        expect(stderr).toContain(`run.log: corrupt at byte ${brokenAt}: `);
      }
    });

    it('stops at a frame out of sequence', async () => {
      await appendFile(path, whole.subarray(whole.length - lastFrameBytes));
      const { stderr, status } = readWithPython(path);
      expect({ stderr, status }).toEqual({
        stderr: `${path}: corrupt at byte ${whole.length}: frame 4 where 5 was due\n`,
        status: 1,
      });
    });

    it('refuses a log of a later version, and has nothing to say of an empty one', async () => {
      const later = Buffer.from(whole);
      later[4] = 2;
      await writeFile(path, later);
      expect(readWithPython(path).stderr).toBe(`${path}: version 2, this program reads 1\n`);
      await writeFile(path, '');
      expect(readWithPython(path)).toEqual({ events: [], stderr: '', status: 0 });
    });
  });
});

describe('a log of version 1', () => {
  const fixture = fileURLToPath(new URL('fixtures/v1/', import.meta.url));

  it('is read as ever, by the program and by the example', async () => {
    const lines = await readFile(join(fixture, 'events.jsonl'), 'utf8');
    const output = join(directory, 'events.jsonl');
    await exportEventsJsonl(new LogReader(join(fixture, 'run.log')), output);
    expect(await readFile(output, 'utf8')).toBe(lines);
    const { events } = readWithPython(join(fixture, 'run.log'));
    expect(asExported(events)).toEqual(lines.split('\n').slice(0, -1).map(parseEvent));
    expect(events.length).toBeGreaterThan(20);
  });
});
