import { SnapshotCodec } from '../../src/metrics/snapshot-codec.ts';
import { fromJson, snapshotJsonText, toJson } from '../../src/metrics/snapshot-json.ts';
import { differences } from './compare.ts';
import { readOracle, type OracleCase, type OracleSuite } from './suite.ts';

interface GoldenSnapshot {
  readonly description: string;
  readonly topic_frame_hex: string;
  readonly payload_hex: string;
  readonly dict_form: unknown;
}

interface Scrubbing {
  readonly non_finite: 'nan' | 'inf' | '-inf';
  readonly dict_form: unknown;
}

interface Golden {
  readonly snapshot_topic_hex: string;
  readonly snapshots: readonly GoldenSnapshot[];
  readonly non_finite_scrubbing: readonly Scrubbing[];
}

const NON_FINITE = { nan: NaN, inf: Infinity, '-inf': -Infinity } as const;

export const suite: OracleSuite = {
  name: 'snapshot_wire',
  cases: () => {
    const golden = readOracle<Golden>('wire.json');
    return [
      topicCase(golden.snapshot_topic_hex),
      ...golden.snapshots.map(snapshotCase),
      ...golden.non_finite_scrubbing.map(scrubbingCase),
    ];
  },
};

function topicCase(topicHex: string): OracleCase {
  return {
    name: 'topic',
    run: () => {
      const { topic } = new SnapshotCodec().encode(fromJson({}));
      return differences(topicHex, hex(topic));
    },
  };
}

/** The bytes decode to the dict form and encode to themselves; the dict form survives reading and writing. */
function snapshotCase({ description, topic_frame_hex, payload_hex, dict_form }: GoldenSnapshot): OracleCase {
  return {
    name: description,
    run: () => {
      const codec = new SnapshotCodec();
      const snapshot = codec.decode(Buffer.from(payload_hex, 'hex'));
      const { topic, payload } = codec.encode(snapshot);
      return [
        ...differences(topic_frame_hex, hex(topic), 0, '$.topic'),
        ...differences(payload_hex, hex(payload), 0, '$.payload'),
        ...differences(keyOrder(dict_form), keyOrder(toJson(snapshot)), 0, '$.dict_form'),
        ...differences(keyOrder(dict_form), keyOrder(toJson(fromJson(dict_form))), 0, '$.reread'),
      ];
    },
  };
}

/** Wherever the golden form has null, the number that is not finite goes in. */
function scrubbingCase({ non_finite, dict_form }: Scrubbing): OracleCase {
  return {
    name: `scrub ${non_finite}`,
    run: () => {
      const snapshot = fromJson(withoutNulls(dict_form, NON_FINITE[non_finite]));
      return differences(keyOrder(dict_form), keyOrder(JSON.parse(snapshotJsonText(snapshot))), 0);
    },
  };
}

function withoutNulls(json: unknown, substitute: number): unknown {
  if (json === null) return substitute;
  if (Array.isArray(json)) return json.map((item) => withoutNulls(item, substitute));
  if (typeof json !== 'object') return json;
  return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, withoutNulls(item, substitute)]));
}

/** Objects as lists of entries, so that the order of keys is compared too. */
function keyOrder(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(keyOrder);
  if (typeof json !== 'object' || json === null) return json;
  return Object.entries(json).map(([key, item]) => [key, keyOrder(item)]);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
