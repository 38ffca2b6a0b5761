import { describe, expect, it } from 'vitest';
import { fromJson, parseSnapshotJson, snapshotJsonText, toJson } from './snapshot-json.ts';
import { asJson, type Json, type MetricsSnapshot, type SeriesSnapshot } from './snapshot.ts';

const SERIES: SeriesSnapshot = {
  type: 'series',
  name: 'latency_ns',
  valueKind: 'int',
  count: 3,
  total: 2n ** 60n,
  min: 1,
  max: 2n ** 59n,
  sumSq: 2 ** 70,
  percentiles: { '99.0': 9, '50.0': 5.5 },
  histogram: [[[1, 10], 3]],
  earlyStoppingPercentiles: { '99.0': null, '50.0': 7 },
  sumSqExact: 2n ** 70n + 1n,
  stdDev: 0.5,
};

const SNAPSHOT: MetricsSnapshot = {
  counter: 4,
  timestampNs: 2n ** 62n,
  state: 'complete',
  pendingTaskCount: 0,
  metrics: [{ type: 'counter', name: 'c', valueKind: 'int', value: 3 }, SERIES],
  extras: { run_id: 'r', counts: [1, 2.5, null] },
};

describe('the file form', () => {
  it('has the reference’s keys in its order, ours behind, and integers in full', () => {
    expect(snapshotJsonText(SNAPSHOT)).toMatchInlineSnapshot(`
      "{
        "counter": 4,
        "timestamp_ns": 4611686018427387904,
        "state": "complete",
        "n_pending_tasks": 0,
        "metrics": [
          {
            "type": "counter",
            "name": "c",
            "value": 3
          },
          {
            "type": "series",
            "name": "latency_ns",
            "count": 3,
            "total": 1152921504606846976,
            "min": 1,
            "max": 576460752303423488,
            "sum_sq": 1.1805916207174113e+21,
            "percentiles": {
              "99.0": 9,
              "50.0": 5.5
            },
            "early_stopping_percentiles": {
              "99.0": null,
              "50.0": 7
            },
            "histogram": [
              [
                [
                  1,
                  10
                ],
                3
              ]
            ],
            "sum_sq_exact": "1180591620717411303425",
            "std_dev": 0.5
          }
        ],
        "extras": {
          "run_id": "r",
          "counts": [
            1,
            2.5,
            null
          ]
        }
      }
      "
    `);
  });

  it('reads back as it was', () => {
    expect(parseSnapshotJson(snapshotJsonText(SNAPSHOT))).toEqual(SNAPSHOT);
  });

  it('reads a series of whole doubles back as doubles', () => {
    const { sumSqExact: _, ...rest } = SERIES;
    const series = { ...rest, valueKind: 'float', total: 2 ** 60, max: 8, sumSq: 2 ** 66 } as const;
    const snapshot = { ...SNAPSHOT, metrics: [series] };
    expect(parseSnapshotJson(snapshotJsonText(snapshot)).metrics).toEqual([series]);
  });

  it('reads big numbers among the extras as doubles', () => {
    const snapshot = { ...SNAPSHOT, extras: { big: 2 ** 60, list: [{ big: -(2 ** 61) }] } };
    expect(parseSnapshotJson(snapshotJsonText(snapshot)).extras).toEqual(snapshot.extras);
  });

  it('has null where a number is not finite', () => {
    const broken: SeriesSnapshot = { ...SERIES, total: NaN, min: -Infinity, sumSq: Infinity, stdDev: NaN };
    const json = JSON.parse(snapshotJsonText({ ...SNAPSHOT, metrics: [broken] })) as ReturnType<
      typeof toJson
    >;
    expect(json.metrics[0]).toMatchObject({ total: null, min: null, sum_sq: null, std_dev: null });
  });

  it('has no early-stopping key without estimates', () => {
    const series = toJson({ ...SNAPSHOT, metrics: [{ ...SERIES, earlyStoppingPercentiles: null }] })
      .metrics[0]!;
    expect('early_stopping_percentiles' in series).toBe(false);
  });

  it.each(['', '{', '[]', 'null', '5', '99999999999999999999', '"text"'])('is refused: %j', (text) => {
    expect(() => parseSnapshotJson(text)).toThrow(
      expect.objectContaining({ code: 'INFEROMETER_METRICS_SNAPSHOT', kind: 'result' }),
    );
  });
});

describe('a foreign form', () => {
  it('may lack everything', () => {
    expect(fromJson({})).toEqual({
      counter: 0,
      timestampNs: 0,
      state: 'interrupted',
      pendingTaskCount: 0,
      metrics: [],
    });
  });

  it('may hold metrics without a name or of another type, which are left out', () => {
    const counter = { type: 'counter', name: 'c', value: 4 };
    const json = {
      metrics: [{ name: 'x' }, { type: 'counter', value: 3 }, null, { type: 'gauge', name: 'g' }, counter],
    };
    expect(fromJson(json).metrics).toEqual([{ ...counter, valueKind: 'int' }]);
  });

  it('may hold a series with nothing but a name', () => {
    expect(fromJson({ metrics: [{ type: 'series', name: 's' }] }).metrics).toEqual([
      {
        type: 'series',
        name: 's',
        valueKind: 'int',
        count: 0,
        total: 0,
        min: 0,
        max: 0,
        sumSq: 0,
        percentiles: {},
        histogram: [],
        earlyStoppingPercentiles: null,
      },
    ]);
  });

  it('has NaN where it has null', () => {
    const [series] = fromJson({
      metrics: [
        {
          type: 'series',
          name: 's',
          count: 2,
          total: 3.5,
          min: null,
          max: null,
          histogram: [[[null, 2], 1]],
        },
      ],
    }).metrics as [SeriesSnapshot];
    expect([series.min, series.max, series.valueKind]).toEqual([NaN, NaN, 'float']);
    expect(series.histogram).toEqual([[[NaN, 2], 1]]);
  });

  it('may write its sum of squares as an integer, which is exact', () => {
    const text =
      '{"metrics":[{"type":"series","name":"s","total":3,"min":1,"max":2,"sum_sq":36750000000021000000000005}]}';
    const [series] = parseSnapshotJson(text).metrics as [SeriesSnapshot];
    expect(series.sumSqExact).toBe(36_750_000_000_021_000_000_000_005n);
    expect(series.sumSq).toBe(3.6750000000021e25);
  });
});

describe('long lists of numbers in the file', () => {
  const textOf = (extras: { readonly [key: string]: Json }) =>
    snapshotJsonText({ counter: 1, timestampNs: 1, state: 'live', pendingTaskCount: 0, metrics: [], extras });

  it('stand on one line each', () => {
    const text = textOf({ long: [1, null, -2.5, 1e21, 0, 0, 0, 0, 0], short: [1, 2] });
    expect(text).toContain('"long": [1,null,-2.5,1e+21,0,0,0,0,0]');
    expect(text).toContain('"short": [\n      1,\n      2\n    ]');
  });

  it('leave texts alone', () => {
    const likeness = '[\n 1,\n 1,\n 1,\n 1,\n 1,\n 1,\n 1,\n 1,\n 1\n]';
    const extras = { [likeness]: likeness };
    expect(parseSnapshotJson(textOf(extras)).extras).toEqual(extras);
  });
});

describe('asJson', () => {
  it('takes an interface, and nothing that is no JSON', () => {
    interface Told {
      readonly at_ns: number;
      readonly name?: string;
      readonly parts: readonly { readonly text: string | null }[];
    }
    const told: Told = { at_ns: 1, parts: [{ text: null }] };
    expect(asJson(told)).toBe(told);
    // @ts-expect-error: a bigint is none
    asJson({ at_ns: 1n });
    // @ts-expect-error: nor is a function, however deep
    asJson([{ parts: [{ text: () => 'x' }] }]);
  });
});
