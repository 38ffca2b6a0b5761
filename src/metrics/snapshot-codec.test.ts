import { decode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topicBytes } from '../transport/frame.ts';
import { SnapshotCodec } from './snapshot-codec.ts';
import {
  SESSION_STATES,
  isTerminal,
  type Json,
  type MetricsSnapshot,
  type SeriesSnapshot,
} from './snapshot.ts';
import { SnapshotWireError } from './snapshot-wire-error.ts';

const codec = new SnapshotCodec();

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const keys = fc.constantFrom('99.9', '99.0', '50.0', '1.0');
const byPercentile = fc.dictionary(keys, fc.option(finite), { noNullPrototype: true });
const exactIntegers = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
  .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
const jsonMaps = fc
  .dictionary(
    fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__'),
    fc.jsonValue(),
    { noNullPrototype: true },
  )
  .map((map) => JSON.stringify(map))
  // A key that readers refuse, at any depth, is not written.
  .filter((text) => !text.includes('"__proto__"'))
  .map((text) => JSON.parse(text) as Record<string, Json>);

const histograms = fc.array(
  fc.tuple(fc.tuple(finite, finite), fc.nat()).map(([bounds, count]) => [bounds, count] as const),
  { maxLength: 40 },
);
const intSeries = fc.record({
  type: fc.constant('series' as const),
  name: fc.string({ unit: 'grapheme', maxLength: 300 }),
  valueKind: fc.constant('int' as const),
  count: fc.maxSafeNat(),
  total: exactIntegers,
  min: exactIntegers,
  max: exactIntegers,
  sumSq: finite,
  percentiles: byPercentile,
  histogram: histograms,
  earlyStoppingPercentiles: fc.option(byPercentile),
  sumSqExact: fc.bigInt({ min: 0n, max: 2n ** 120n }),
  stdDev: fc.option(finite),
});
const metrics = fc.oneof(
  intSeries,
  fc.record({
    type: fc.constant('counter' as const),
    name: fc.string({ unit: 'grapheme' }),
    valueKind: fc.constant('int' as const),
    value: exactIntegers,
  }),
);
const snapshots: fc.Arbitrary<MetricsSnapshot> = fc.record(
  {
    counter: fc.maxSafeNat(),
    timestampNs: exactIntegers,
    state: fc.constantFrom(...SESSION_STATES),
    pendingTaskCount: fc.maxSafeNat(),
    metrics: fc.array(metrics, { maxLength: 20 }),
    extras: jsonMaps,
  },
  { requiredKeys: ['counter', 'timestampNs', 'state', 'pendingTaskCount', 'metrics'] },
);

const INT_SERIES: SeriesSnapshot = {
  type: 'series',
  name: 'ttft_ns',
  valueKind: 'int',
  count: 2,
  total: 300,
  min: 100,
  max: 200,
  sumSq: 50_000,
  percentiles: { '50.0': 100, '99.0': 200 },
  histogram: [
    [[100, 500], 2],
    [[500, 1000], 0],
  ],
  earlyStoppingPercentiles: { '99.0': null, '50.0': 200 },
  sumSqExact: 50_000n,
  stdDev: 70.5,
};

const FOREIGN_FLOAT_SERIES: SeriesSnapshot = {
  type: 'series',
  name: 'tpot_ns',
  valueKind: 'float',
  count: 1,
  total: 3,
  min: 3,
  max: 3,
  sumSq: 9.5,
  percentiles: { '50.0': 3 },
  histogram: [],
  earlyStoppingPercentiles: null,
};

function snapshotOf(parts: Partial<MetricsSnapshot> = {}): MetricsSnapshot {
  return { counter: 1, timestampNs: 5, state: 'live', pendingTaskCount: 0, metrics: [], ...parts };
}

function roundTrip(snapshot: MetricsSnapshot): MetricsSnapshot {
  return codec.decode(codec.encode(snapshot).payload);
}

function wireOf(snapshot: MetricsSnapshot): unknown {
  return decode(codec.encode(snapshot).payload);
}

describe('SnapshotCodec', () => {
  it('uses the topic MET in 40 bytes', () => {
    const { topic } = codec.encode(snapshotOf());
    expect(topic).toEqual(topicBytes('MET'));
    expect(topic).toHaveLength(40);
  });

  it('keeps metrics of both kinds, in order', () => {
    const snapshot = snapshotOf({
      metrics: [
        { type: 'counter', name: 'c', valueKind: 'int', value: 3 },
        { type: 'counter', name: 'f', valueKind: 'float', value: 1.5 },
        INT_SERIES,
        FOREIGN_FLOAT_SERIES,
      ],
    });
    expect(roundTrip(snapshot)).toEqual(snapshot);
  });

  it('keeps an empty list of metrics', () => {
    expect(roundTrip(snapshotOf())).toEqual(snapshotOf());
  });

  it('tells a whole double from an integer', () => {
    const metrics = [
      { type: 'counter', name: 'int', valueKind: 'int', value: 2 },
      { type: 'counter', name: 'float', valueKind: 'float', value: 2 },
    ] as const;
    expect(roundTrip(snapshotOf({ metrics }))).toEqual(snapshotOf({ metrics }));
  });

  it('keeps integers past 2^53', () => {
    const metrics = [{ ...INT_SERIES, total: 2n ** 60n, min: -(2n ** 55n), sumSqExact: 10n ** 30n }];
    const snapshot = snapshotOf({ timestampNs: 2n ** 63n, metrics });
    expect(roundTrip(snapshot)).toEqual(snapshot);
  });

  it('rounds a total past 64 bits and still knows that its series is of integers', () => {
    const metrics = [{ ...INT_SERIES, total: 2n ** 70n + 1n }];
    expect(roundTrip(snapshotOf({ metrics })).metrics).toEqual([{ ...INT_SERIES, total: 2 ** 70 }]);
  });

  it.each(SESSION_STATES)('keeps the state %s as lower-case text', (state) => {
    expect(roundTrip(snapshotOf({ state })).state).toBe(state);
    expect((wireOf(snapshotOf({ state })) as unknown[])[2]).toBe(state);
  });

  it('round-trips any snapshot of ours', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        expect(roundTrip(snapshot)).toEqual(snapshot);
      }),
    );
  });

  it('writes fields of ours only behind the reference’s, and only when there are any', () => {
    const foreign = { ...FOREIGN_FLOAT_SERIES };
    expect(wireOf(snapshotOf({ metrics: [foreign] }))).toHaveLength(5);
    expect((wireOf(snapshotOf({ metrics: [foreign] })) as unknown[][][])[4]![0]).toHaveLength(10);
    const ours = wireOf(snapshotOf({ metrics: [INT_SERIES], extras: { run_id: 'r' } })) as unknown[];
    expect(ours[5]).toEqual({ run_id: 'r' });
    const series = (ours[4] as unknown[][])[0]!;
    expect(series[10]).toEqual({ sum_sq_exact: '50000', std_dev: 70.5 });
  });

  it('reads a series without the early-stopping map', () => {
    const bytes = codec.encode(snapshotOf({ metrics: [FOREIGN_FLOAT_SERIES] })).payload;
    const shorter = Uint8Array.from(bytes.subarray(0, -1));
    shorter[shorter.indexOf(0x9a)] = 0x99;
    expect(codec.decode(shorter)).toEqual(snapshotOf({ metrics: [FOREIGN_FLOAT_SERIES] }));
  });

  it('skips elements it does not know', () => {
    const snapshot = snapshotOf({ extras: { a: 1 } });
    const bytes = codec.encode(snapshot).payload;
    expect(bytes[0]).toBe(0x96);
    const twoMore = [0x92, 0xc3, 0xa1, 0x78, 0xc0];
    expect(codec.decode(Uint8Array.of(0x98, ...bytes.subarray(1), ...twoMore))).toEqual(snapshot);
  });

  it('lets a subscriber of the reference read the fields it knows', () => {
    const [, , state, pending, metrics] = wireOf(snapshotOf({ metrics: [INT_SERIES] })) as unknown[];
    expect([state, pending]).toEqual(['live', 0]);
    expect((metrics as unknown[][])[0]!.slice(0, 7)).toEqual(['series', 'ttft_ns', 2, 300, 100, 200, 50_000]);
  });
});

describe('a payload that is no snapshot', () => {
  const WRONG: Readonly<Record<string, readonly number[]>> = {
    nothing: [],
    'a reserved marker': [0xc1],
    'a number': [0x07],
    'a map': [0x80],
    'an array too short': [0x93, 1, 5, 0xa4],
    'an unknown state': [0x95, 1, 5, 0xa1, 0x78, 0, 0x90],
    'a text for a number': [0x95, 0xa1, 0x78, 5, 0xa4, 0x6c, 0x69, 0x76, 0x65, 0, 0x90],
    'a double for a count': [0x95, 0xca, 0, 0, 0, 0, 5, 0xa4, 0x6c, 0x69, 0x76, 0x65, 0, 0x90],
    'a metric of unknown type': [0x95, 1, 5, 0xa4, 0x6c, 0x69, 0x76, 0x65, 0, 0x91, 0x91, 0xa1, 0x78],
    'an empty metric': [0x95, 1, 5, 0xa4, 0x6c, 0x69, 0x76, 0x65, 0, 0x91, 0x90],
    'text that is not UTF-8': [0x95, 1, 5, 0xa1, 0xff, 0, 0x90],
    'a length past its end': [0xdd, 0xff, 0xff, 0xff, 0xff],
    'bytes behind its end': [0x95, 1, 5, 0xa4, 0x6c, 0x69, 0x76, 0x65, 0, 0x90, 0xc0],
  };

  it.each(Object.keys(WRONG))('is dropped: %s', (what) => {
    expect(handled(Uint8Array.from(WRONG[what]!))).toBe('dropped');
  });

  it('is dropped wherever it was cut', () => {
    const { payload } = codec.encode(
      snapshotOf({ metrics: [INT_SERIES, FOREIGN_FLOAT_SERIES], extras: { a: [1, 'x'] } }),
    );
    for (let length = 0; length < payload.length; length++) {
      expect(handled(payload.subarray(0, length))).toBe('dropped');
    }
    expect(handled(payload)).toBe('read');
  });

  it('is dropped or read whatever the bytes, never anything else', () => {
    const { payload } = codec.encode(snapshotOf({ metrics: [INT_SERIES] }));
    fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.nat(255), (position, byte) => {
        const damaged = Uint8Array.from(payload);
        damaged[position] = byte;
        expect(['dropped', 'read']).toContain(handled(damaged));
      }),
      { numRuns: 500 },
    );
  });

  it('does not hide an error of another kind', () => {
    const foreign = new TypeError('a bug');
    expect(() => codec.onDecodeError(foreign)).toThrow(foreign);
  });

  /** What a transport makes of it. */
  function handled(payload: Uint8Array): string {
    try {
      codec.decode(payload);
      return 'read';
    } catch (error) {
      expect(error).toBeInstanceOf(SnapshotWireError);
      return codec.onDecodeError(error) === undefined ? 'dropped' : 'replaced';
    }
  }
});

describe('session states', () => {
  it('are these, in this order', () => {
    expect(SESSION_STATES).toEqual(['initialize', 'live', 'draining', 'complete', 'interrupted']);
  });

  it('end with complete and interrupted', () => {
    expect(SESSION_STATES.filter(isTerminal)).toEqual(['complete', 'interrupted']);
  });
});
