import { encode } from '@msgpack/msgpack';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import { EventRecordCodec } from '../../src/events/record-codec.ts';
import { recordAt, recordFields } from '../../src/events/record-fields.ts';
import { recordToJsonLine } from '../../src/events/record-json.ts';
import { differences } from './compare.ts';
import { readOracle, type OracleSuite } from './suite.ts';

export const suite: OracleSuite = {
  name: 'event_log',
  isOptional: true,
  cases: () =>
    readOracle<{ event_log_lines: readonly string[] }>('compliance.json').event_log_lines.map((line, i) => ({
      name: `line ${i}`,
      run: () => lineDifferences(line),
    })),
};

/** A line of the event log, sent over the wire and written again. */
function lineDifferences(line: string): string[] {
  const codec = new EventRecordCodec();
  const decoded = codec.decode(encode(parseExactly(line), { useBigInt64: true }));
  const record = recordAt(buildEventBatch([decoded]), 0);
  const found = recordToJsonLine(recordFields(record, { originNs: codec.originNs ?? 0n }));
  return differences(line, found);
}

/** JSON whose whole numbers become bigint, so that they are written as integers. */
function parseExactly(text: string): unknown {
  const exact = (_key: string, value: unknown, { source }: { source?: string }): unknown =>
    typeof value === 'number' && /^-?\d+$/.test(source ?? '') ? BigInt(source!) : value;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}
