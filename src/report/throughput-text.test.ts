import { describe, expect, it } from 'vitest';
import type { Throughput } from '../core/throughput.ts';
import { drainText, inFlightText, rateText, windowText } from './throughput-text.ts';

const STEADY: Throughput = {
  ...{ start_ns: 1e9, end_ns: 11e9, window_ns: 10e9, parts: [{ start_ns: 1e9, end_ns: 11e9 }] },
  ...{ ended_by: 'issuing', ramp_up_ns: 210e6, succeeded: 200, errored: 0, succeeded_per_second: 20 },
  ...{ errored_per_second: 0, output_tokens_per_second: 900, mean_in_flight: 10, mean_latency_ns: 5e8 },
  ...{ drain_ns: 12.3e9, drain_ended: 5 },
};

describe('throughput in words', () => {
  it('tells failures only where there are some', () => {
    expect(rateText(STEADY)).toBe('20.0 requests/s succeeded');
    expect(rateText({ ...STEADY, errored: 3, errored_per_second: 0.3 })).toBe(
      '20.0 requests/s succeeded, 0.3/s failed',
    );
  });

  it('says what the window is', () => {
    expect(windowText(STEADY)).toBe(
      'over 10.0 s, from the end of the ramp-up (210 ms) to the last request sent',
    );
    expect(windowText({ ...STEADY, parts: [...STEADY.parts, ...STEADY.parts] })).toMatch(
      /, in 2 parts separated by pauses$/,
    );
    expect(windowText({ ...STEADY, ended_by: 'completions' })).toContain(
      'until 90 % of the successful responses',
    );
  });

  it('tells the drain', () => {
    expect(drainText(STEADY)).toBe('12.3 s for the last 5 requests, not included in the throughput');
    expect(drainText({ ...STEADY, drain_ended: 1 })).toContain('for the last request,');
    expect(drainText({ ...STEADY, drain_ended: 0 })).toBe('');
  });

  it("says where Little's law does not hold, beyond what the borders of the window account for", () => {
    expect(inFlightText(STEADY)).toBe('10.0 on average (rate × mean latency = 10.0)');
    expect(inFlightText({ ...STEADY, mean_in_flight: 10.4 })).toBe(
      '10.4 on average (rate × mean latency = 10.0)',
    );
    expect(inFlightText({ ...STEADY, mean_in_flight: 20 })).toBe(
      '20.0 on average, but rate × mean latency = 10.0, 50.0 % less: the load was not steady in the window',
    );
    expect(inFlightText({ ...STEADY, mean_in_flight: 20, ended_by: 'completions' })).toBe('20.0 on average');
    expect(inFlightText({ ...STEADY, mean_latency_ns: null })).toBe('10.0 on average');
  });
});
