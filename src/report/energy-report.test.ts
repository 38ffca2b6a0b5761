import { expect, it } from 'vitest';
import type { Throughput } from '../core/throughput.ts';
import { reportCost } from './cost-report.ts';
import { reportEnergy, workDone } from './energy-report.ts';
import type { SteadyState } from './steady-state.ts';

const SECOND = 1e9;

/** 100 W for 10 s, then 300 W for 30 s. */
const ENERGY = [
  [0, 0, 0],
  [10 * SECOND, 1000, 10 * SECOND],
  [40 * SECOND, 10_000, 40 * SECOND],
];
const POWER = [{ source: 'meter', devices: 1, readings: 3, failures: 0, last_failure: null, energy: ENERGY }];
const THROUGHPUT = {
  parts: [
    { start_ns: 0, end_ns: 10 * SECOND },
    { start_ns: 20 * SECOND, end_ns: 30 * SECOND },
  ],
  window_ns: 20 * SECOND,
  succeeded_per_second: 10,
  output_tokens_per_second: 100,
} as unknown as Throughput;
const STEADY = {
  isFound: true,
  fromNs: 20 * SECOND,
  toNs: 40 * SECOND,
  figures: { requestsPerSecond: 20, outputTokensPerSecond: 150 },
} as unknown as SteadyState;

it('is over the parts of the measured window, or over the steady state where there is one', () => {
  expect(reportEnergy({ power: POWER }, workDone(THROUGHPUT, null))).toMatchObject({
    ...{ window: 'measured window', joules: 4000, meanWatts: 200, knownShare: 1 },
    ...{ joulesPerRequest: 20, joulesPerOutputToken: 2 },
  });
  expect(reportEnergy({ power: POWER }, workDone(THROUGHPUT, STEADY))).toMatchObject({
    ...{ window: 'steady state', joules: 6000, meanWatts: 300 },
    ...{ joulesPerRequest: 15, joulesPerOutputToken: 2 },
  });
});

it('tells nothing where a source was silent for much of the time, and which one', () => {
  const silent = { ...POWER[0]!, source: 'other', energy: ENERGY.slice(0, 2) };
  const report = reportEnergy({ power: [...POWER, silent] }, workDone(THROUGHPUT, null));
  expect(report).toMatchObject({ joules: null, joulesPerRequest: null, knownShare: 0.5 });
  expect(report!.reason).toContain('other told the power in 50.0 % of the measured window');
  for (const power of [undefined, 'x', [null], [{ ...POWER[0], energy: [[0, 'x', 0]] }]])
    expect(reportEnergy({ power }, workDone(THROUGHPUT, null))).toBeNull();
});

it('divides a price by what was done', () => {
  const good = { goodPerSecond: 5, outputTokensPerSecond: 50 } as Parameters<typeof reportCost>[3];
  // 36 an hour are 0.01 a second.
  expect(reportCost(36, workDone(THROUGHPUT, null), 30, good)).toMatchObject({
    ...{ perThousandRequests: 1, perMillionOutputTokens: 100, perMillionTokens: 25 },
    ...{ perThousandGoodRequests: 2, perMillionGoodOutputTokens: 200 },
  });
  expect(reportCost(36, workDone(THROUGHPUT, null), null, null)).toMatchObject({
    ...{ perMillionTokens: null, perMillionGoodOutputTokens: null },
  });
  expect(reportCost(null, workDone(THROUGHPUT, null), 30, good)).toBeNull();
});
