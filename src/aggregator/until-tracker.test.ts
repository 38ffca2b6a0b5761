import { expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import type { Throughput } from '../core/throughput.ts';
import type { UntilRule } from '../rules/until-rule.ts';
import { parseUntilRule } from '../rules/until-rule.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { createLog } from '../core/log.ts';
import { registerRunMetrics } from './run-metrics.ts';
import { UntilTracker } from './until-tracker.ts';

const SECOND = 1e9;

function trackerOf(...texts: readonly string[]) {
  const log = createLog(() => undefined, 'error');
  const metrics = registerRunMetrics(new MetricsRegistry({ log }), { streaming: true });
  return {
    metrics,
    tracker: new UntilTracker(
      texts.map((text) => parseUntilRule(text) as UntilRule),
      metrics,
    ),
  };
}

const NOTHING = { throughput: undefined, history: () => undefined };

it('knows a percentile better with each value, and its interval holds it', () => {
  const { metrics, tracker } = trackerOf('ttft p90 ±5%');
  const random = new RandomSource(2);
  const draw = (count: number) => {
    for (let i = 0; i < count; i++)
      metrics.series.ttft_ns!.record(Math.round(1e8 * Math.exp(0.2 * random.normal())));
  };
  expect(tracker.soFar(0, NOTHING).rules).toEqual([
    { rule: 'ttft p90 ±5 %', unit: 'ns', value: null, low: null, high: null, is_tight: false, of: 0 },
  ]);
  draw(100);
  expect(tracker.soFar(0, NOTHING).rules[0]).toMatchObject({ is_tight: false, of: 100 });
  draw(3900);
  const [status] = tracker.soFar(0, NOTHING).rules;
  expect(status).toMatchObject({ is_tight: true, of: 4000 });
  const truth = 1e8 * Math.exp(0.2 * 1.2815515655446004);
  expect(status!.low!).toBeLessThan(truth);
  expect(status!.high!).toBeGreaterThan(truth);
});

it('looks at a rate in the whole bins of the measured window, tokens as their responses are complete', () => {
  const { tracker } = trackerOf('requests/s ±5%', 'output tokens/s ±5%');
  const random = new RandomSource(4);
  const succeeded = Array.from({ length: 50 }, () => Math.round(100 + 3 * random.normal()));
  // Before the load was built up, and after the window.
  const counts = {
    succeeded: [0, 1, ...succeeded, 1],
    output_tokens: [0, 9, ...succeeded.map((n) => 7 * n), 9],
  };
  const part = { start_ns: 11.6 * SECOND, end_ns: 62.4 * SECOND };
  const history = { start_ns: 10 * SECOND, bin_ns: SECOND, counts: counts as never };
  const throughput = { parts: [part] } as unknown as Throughput;
  const [requests, tokens] = tracker.soFar(1, { throughput, history: () => history }).rules;
  const mean = succeeded.reduce((sum, n) => sum + n, 0) / 50;
  expect(requests).toMatchObject({ of: 50, is_tight: true });
  expect(requests!.value).toBeCloseTo(mean, 9);
  expect(tokens!.value).toBeCloseTo(7 * mean, 9);
});
