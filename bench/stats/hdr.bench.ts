import { build } from 'hdr-histogram-js';
import { HdrHistogram } from '../../src/stats/hdr.ts';
import type { Bench } from '../harness/bench.ts';
import { inTurn, perSecond } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { latenciesNs } from './latencies.ts';

const ONE_HOUR_NS = 3_600_000_000_000;
const PERCENTILES = [50, 75, 80, 90, 95, 97, 99, 99.5, 99.9, 99.95, 99.99, 25];

export const bench: Bench = {
  async run({ quick, rounds }) {
    const values = latenciesNs(quick ? 200_000 : 2_000_000);
    const ours = new HdrHistogram(1, ONE_HOUR_NS, 3);
    const theirs = build({ highestTrackableValue: ONE_HOUR_NS, numberOfSignificantValueDigits: 3 });
    const recordOurs = perSecond(values.length, () => {
      for (let i = 0; i < values.length; i++) ours.record(values[i]!);
    });
    const recordTheirs = perSecond(values.length, () => {
      for (let i = 0; i < values.length; i++) theirs.recordValue(values[i]!);
    });
    const record = await inTurn(rounds, { ours: recordOurs, theirs: recordTheirs });
    const calls = quick ? 50 : 500;
    const read = await inTurn(rounds, {
      ours: perSecond(calls, () => {
        for (let call = 0; call < calls; call++) ours.percentiles(PERCENTILES);
      }),
      theirs: perSecond(calls, () => {
        for (let call = 0; call < calls; call++) {
          for (const percentile of PERCENTILES) theirs.getValueAtPercentile(percentile);
        }
      }),
    });
    return [
      {
        id: 'stats/hdr/record',
        what: 'HDR histogram: record',
        unit: 'values/s',
        value: spreadOf(record.ours),
        peer: {
          name: 'hdr-histogram-js',
          value: spreadOf(record.theirs),
          ratio: ratioOf(record.ours, record.theirs),
        },
      },
      {
        id: 'stats/hdr/percentiles',
        what: 'HDR histogram: 12 percentiles',
        unit: 'calls/s',
        value: spreadOf(read.ours),
        peer: {
          name: 'hdr-histogram-js',
          value: spreadOf(read.theirs),
          ratio: ratioOf(read.ours, read.theirs),
        },
      },
    ];
  },
};
