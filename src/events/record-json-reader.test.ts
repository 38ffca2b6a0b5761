import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_TOPICS } from '../core/event-types.ts';
import { EventRecordCodec } from './record-codec.ts';
import { recordFields } from './record-fields.ts';
import { recordToJsonLine } from './record-json.ts';
import { RecordJsonReader } from './record-json-reader.ts';
import { WireFormatError } from './wire-format-error.ts';

const { event_log_lines: LINES } = JSON.parse(
  readFileSync(new URL('../../test/oracles/compliance.json', import.meta.url), 'utf8'),
) as { readonly event_log_lines: readonly string[] };

/** A line read into a record of ours and written again. */
function again(line: string): string {
  const codec = new EventRecordCodec();
  const record = codec.recordOf(new RecordJsonReader().read(line));
  return recordToJsonLine(recordFields(record, { originNs: codec.originNs! }));
}

describe('RecordJsonReader', () => {
  it.each(LINES)('reads the line of the reference %s', (line) => {
    expect(again(line)).toBe(line);
  });

  it('reads any record, whatever its timestamp', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...EVENT_TOPICS),
        fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        fc.string({ unit: 'grapheme' }),
        fc.option(fc.integer()),
        fc.string(),
        (topic, timestampNs, uuid, turn, text) => {
          const line =
            `{"event_type":"${topic}","timestamp_ns":${timestampNs},"sample_uuid":${JSON.stringify(uuid)}` +
            `,"conversation_id":"","turn":${turn},"data":${JSON.stringify(['TextModelOutput', text, null, null])}}`;
          expect(again(line)).toBe(line);
        },
      ),
    );
  });

  it('takes defaults for what is missing, and passes over what it does not know', () => {
    expect(new RecordJsonReader().read('{"event_type":"sample.issued","timestamp_ns":7,"new":[1]}')).toEqual({
      ...{ kind: 5, timestampNs: 7n, sampleUuid: '', note: {}, data: undefined },
      ...{ finishReason: undefined, extras: [] },
    });
  });

  it.each([
    ['', 'DecodeError'],
    ['{"event_type":', 'DecodeError'],
    ['['.repeat(200_000), 'DecodeError'],
    ['[]', 'ValidationError'],
    ['null', 'ValidationError'],
    ['{}', 'ValidationError'],
    ['{"event_type":"sample.unheard_of"}', 'ValidationError'],
    ['{"event_type":"sample.issued"}', 'ValidationError'],
    ['{"event_type":"sample.issued","timestamp_ns":"1"}', 'ValidationError'],
    ['{"event_type":"sample.issued","timestamp_ns":1.5}', 'ValidationError'],
    ['{"event_type":"sample.issued","timestamp_ns":1e300}', 'ValidationError'],
    ['{"event_type":"sample.issued","timestamp_ns":1,"sample_uuid":7}', 'ValidationError'],
    ['{"event_type":"sample.issued","timestamp_ns":1,"turn":"2"}', 'ValidationError'],
    ['{"event_type":"sample.issued","timestamp_ns":1,"worker_id":null}', 'ValidationError'],
    ['{"event_type":"sample.complete","timestamp_ns":1,"finish_reason":null}', 'ValidationError'],
    ['{"event_type":"sample.complete","timestamp_ns":1,"data":{}}', 'ValidationError'],
    ['{"event_type":"sample.complete","timestamp_ns":1,"data":["Unheard","of"]}', 'ValidationError'],
    [
      `{"event_type":"sample.complete","timestamp_ns":1,"data":${'['.repeat(4000)}${']'.repeat(4000)}}`,
      'ValidationError',
    ],
  ])('refuses %.60s', (line, name) => {
    const read = () => new RecordJsonReader().read(line);
    expect(read).toThrow(WireFormatError);
    expect(read).toThrow(expect.objectContaining({ name }));
  });
});
