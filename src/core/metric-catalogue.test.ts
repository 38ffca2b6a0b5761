import { expect, test } from 'vitest';
import { COUNTERS, metricOfName, SERIES } from './metric-catalogue.ts';

test('names are unique across counters and series, and each has a description', () => {
  const metrics = [...COUNTERS, ...SERIES];
  expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  for (const metric of metrics) {
    expect(metric.help).not.toBe('');
    expect(metricOfName(metric.name)).toBe(metric);
  }
  expect(metricOfName('unheard_of')).toBeUndefined();
});

test('a name ending in _ns is in nanoseconds and no other is', () => {
  for (const { name, unit } of [...COUNTERS, ...SERIES]) expect(unit === 'ns').toBe(name.endsWith('_ns'));
});

test("the reference's metrics come first, in its order of registration", () => {
  expect(COUNTERS.slice(0, 15).map(({ name }) => name)).toEqual([
    'total_samples_issued',
    'total_samples_completed',
    'total_samples_failed',
    'tracked_samples_issued',
    'tracked_samples_completed',
    'tracked_samples_failed',
    'tracked_finish_reason_stop',
    'tracked_finish_reason_length',
    'tracked_finish_reason_tool_calls',
    'tracked_finish_reason_content_filter',
    'tracked_finish_reason_function_call',
    'tracked_finish_reason_other',
    'tracked_duration_ns',
    'legacy_loadgen_window_duration_ns',
    'total_duration_ns',
  ]);
  expect(SERIES.slice(0, 6).map(({ name }) => name)).toEqual([
    'sample_latency_ns',
    'isl',
    'osl',
    'ttft_ns',
    'chunk_delta_ns',
    'tpot_ns',
  ]);
});
