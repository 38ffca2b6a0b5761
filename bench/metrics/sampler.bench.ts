import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOG } from '../../src/core/log.ts';
import { SeriesSampler } from '../../src/metrics/sampler.ts';
import type { SeriesSnapshot } from '../../src/metrics/snapshot.ts';
import type { Bench } from '../harness/bench.ts';
import { peakMemoryMb } from '../harness/memory.ts';
import { cpuSecondsIn } from '../harness/rounds.ts';
import { spreadOf } from '../harness/spread.ts';

const RAW_BUDGET_BYTES = 256 * 2 ** 20;
const ONE_HOUR_NS = 3_600_000_000_000;
/** Has no factor in common with any power of ten: its multiples modulo the count run through every number once. */
const STEP = 48_271;

/** The numbers 0 to `count` − 1 in a scattered order, so that each percentile is known beforehand. */
export const bench: Bench = {
  run({ quick, say }) {
    const count = quick ? 40_000_000 : 100_000_000;
    const directory = mkdtempSync(join(tmpdir(), 'inferometer-bench-'));
    const series = new SeriesSampler(
      'values',
      {
        hdrLow: 1,
        hdrHigh: ONE_HOUR_NS,
        rawBudgetBytes: RAW_BUDGET_BYTES,
        spillDirectory: directory,
      },
      SILENT_LOG,
    );
    say(`recording ${count} values`);
    const recordSeconds = cpuSecondsIn(() => {
      for (let i = 0, value = 0; i < count; i++) {
        series.record(value);
        value += STEP;
        if (value >= count) value -= count;
      }
    });
    let percentiles: SeriesSnapshot['percentiles'] = {};
    const buildSeconds = cpuSecondsIn(() => ({ percentiles } = series.build(true)));
    series.close();
    rmSync(directory, { recursive: true });
    const wrong = Object.entries(percentiles).filter(
      ([percentile, value]) => Math.abs(value! - (Number(percentile) / 100) * (count - 1)) > 1,
    );
    if (wrong.length > 0) throw new Error(`wrong percentiles: ${JSON.stringify(wrong)}`);
    const what = `${count / 1e6}M values, 256 MB for raw ones`;
    return Promise.resolve([
      {
        id: 'metrics/values-memory',
        what: `${what}: peak of the process`,
        unit: 'MB',
        value: spreadOf([peakMemoryMb(process.pid) ?? NaN]),
        isLessBetter: true,
        goal: { of: 'value', bound: 'at most', value: 600 },
        note: 'the values are the whole numbers from 0 in a scattered order; every percentile was checked',
      },
      {
        id: 'metrics/values-record',
        what: `${what}: record, spill included`,
        unit: 'values/CPU-s',
        value: spreadOf([count / recordSeconds]),
      },
      {
        id: 'metrics/values-exact',
        what: `${what}: exact statistics`,
        unit: 'CPU-s',
        value: spreadOf([buildSeconds]),
        isLessBetter: true,
      },
    ]);
  },
};
