import { describe, expect, it } from 'vitest';
import { reportToJson } from './json.ts';
import { reportFromSnapshot, type Report, type ReportOptions } from './report.ts';
import { terminalSummary } from './terminal-summary.ts';
import { reportText } from './text.ts';
import { wrapText } from '../core/wrap-text.ts';

interface OwnParts {
  readonly counters?: Readonly<Record<string, number>>;
  readonly metrics?: readonly object[];
  readonly extras?: object;
}

const NO_COUNTS = {
  tracked_samples_succeeded: 0,
  tracked_samples_errored: 0,
  tracked_samples_cancelled: 0,
};

function ownReportOf(parts: OwnParts, options: Partial<ReportOptions> = {}): Report {
  const counters = Object.entries({ ...NO_COUNTS, ...parts.counters });
  const snapshot = {
    state: 'complete',
    metrics: [
      ...counters.map(([name, value]) => ({ type: 'counter', name, value })),
      ...(parts.metrics ?? []),
    ],
    ...(parts.extras === undefined ? {} : { extras: parts.extras }),
  };
  return reportFromSnapshot(snapshot, { version: '0.0.0-test', ...options });
}

function timeSeries(name: string, count: number, max: number) {
  const percentiles = { '99.0': max, '50.0': max };
  return {
    type: 'series',
    name,
    count,
    total: count * max,
    min: max,
    max,
    sum_sq: 0,
    percentiles,
    histogram: [],
  };
}

describe('account of samples', () => {
  const counters = {
    tracked_samples_issued: 10,
    tracked_samples_succeeded: 7,
    tracked_samples_errored: 1,
    tracked_samples_cancelled: 1,
  };

  it('adds up with what is in flight', () => {
    const { samples } = ownReportOf({ counters, extras: { in_flight: 1 } });
    expect(samples).toMatchObject({ issued: 10, inFlight: 1, unaccounted: 0 });
  });

  it('takes the rest to be in flight when nobody counted that', () => {
    expect(ownReportOf({ counters }).samples).toMatchObject({ inFlight: 1, unaccounted: 0 });
  });

  it.each([
    [0, 1],
    [3, -2],
  ])('with %d in flight is off by %d, which is invalid and printed', (inFlight, unaccounted) => {
    const report = ownReportOf({ counters, extras: { in_flight: inFlight } });
    expect(report.samples.unaccounted).toBe(unaccounted);
    expect(report.verdict.level).toBe('invalid');
    expect(reportText(report)).toContain('10 issued ≠ 7 succeeded + 1 errored + 1 cancelled');
    expect(terminalSummary(report).join('\n')).toContain(`(${unaccounted} off)`);
    expect(reportToJson(report).samples).toMatchObject({ issued: 10, in_flight: inFlight, unaccounted });
  });

  it('cannot be checked in a foreign snapshot', () => {
    const metrics = [
      { type: 'counter', name: 'tracked_samples_issued', value: 10 },
      { type: 'counter', name: 'tracked_samples_completed', value: 8 },
      { type: 'counter', name: 'tracked_samples_failed', value: 3 },
    ];
    const report = reportFromSnapshot({ state: 'complete', metrics }, { version: 'x' });
    expect(report.samples).toMatchObject({ succeeded: 5, errored: 3, inFlight: 2, unaccounted: null });
    expect(report.own).toBeNull();
  });
});

describe('facts beside the metrics', () => {
  it('are read as far as they are there', () => {
    const { own } = ownReportOf({
      extras: {
        errors_by_type: [{ type: 'timeout', count: 2, example: 'no answer' }, { count: 3 }, 'odd'],
        token_sources: { osl: { server: 3, tokenizer: 0 }, isl: null },
        event_stream: { heals: 1 },
        client: { gc_pause_max_ms: 'long' },
      },
    });
    expect(own).toMatchObject({
      errorsByType: [{ type: 'timeout', count: 2, example: 'no answer' }],
      tokenSources: { osl: { server: 3 }, isl: {} },
      eventStream: { frames: 0, heals: 1, lostFrames: 0 },
      client: { gcPauseMaxMs: null },
      run: { runId: null, requestedRatePerSecond: null },
    });
  });

  it('are told in the report, none when there are none', () => {
    const text = reportText(ownReportOf({}, { source: 'replay of the run log' }));
    expect(text).toContain('Source of the numbers: replay of the run log');
    expect(text).not.toMatch(/Run:|Token counts|Event stream|Client|Errors by type|Rate asked/);
  });

  it('let options decide over the snapshot', () => {
    const extras = { run: { requested_rate_per_second: 5 }, event_stream: { torn_bytes: 0 } };
    expect(ownReportOf({ extras }).own!.requestedRatePerSecond).toBe(5);
    const report = ownReportOf({ extras }, { requestedRatePerSecond: 7, tornBytes: 12, stoppedEarly: true });
    expect(report.own!.requestedRatePerSecond).toBe(7);
    const checks = report.verdict.findings.map(({ check }) => check);
    expect(checks).toEqual(expect.arrayContaining(['run_log_torn', 'stopped_early']));
  });

  it('count no sample that the run gave up as completed by the server', () => {
    const counters = {
      ...{ tracked_samples_issued: 1000, tracked_samples_completed: 1000, tracked_samples_failed: 910 },
      ...{ tracked_samples_succeeded: 90, tracked_samples_errored: 10, tracked_samples_cancelled: 900 },
      tracked_duration_ns: 10e9,
    };
    expect(ownReportOf({ counters }).qps).toBe(10);
  });

  it('judge the rate by the time issuing took, whatever single answers took', () => {
    const checksOf = (issuingSeconds: number) =>
      ownReportOf({
        counters: {
          tracked_samples_issued: 1001,
          tracked_samples_succeeded: 1001,
          legacy_loadgen_window_duration_ns: 20e9,
        },
        metrics: [timeSeries('sample_latency_ns', 1001, 60e9)],
        extras: { issuing_ns: issuingSeconds * 1e9, run: { requested_rate_per_second: 100 } },
      }).verdict.findings.map(({ check }) => check);
    expect(checksOf(10)).not.toContain('rate_achieved');
    expect(checksOf(13)).toContain('rate_achieved');
  });

  it('judge the rate by the fastest the requests can have gone out, when the snapshot does not tell', () => {
    const checksAfter = (windowSeconds: number) =>
      ownReportOf({
        counters: {
          tracked_samples_issued: 1001,
          tracked_samples_succeeded: 1001,
          legacy_loadgen_window_duration_ns: windowSeconds * 1e9,
        },
        metrics: [timeSeries('sample_latency_ns', 1001, 2e9)],
        extras: { run: { requested_rate_per_second: 100 } },
      }).verdict.findings.map(({ check }) => check);
    // 1000 gaps in 10 s are 100/s; the last sample may have taken up to 2 s more.
    expect(checksAfter(12)).not.toContain('rate_achieved');
    expect(checksAfter(16)).toContain('rate_achieved');
  });

  it('say that the run gave samples up, not that they failed', () => {
    const errors_by_type = [
      { type: 'cancelled', count: 9, example: '' },
      { type: 'http_500', count: 1, example: '' },
    ];
    const counters = { tracked_samples_issued: 2, tracked_samples_errored: 2 };
    const { verdict } = ownReportOf({ counters, extras: { in_flight: 0, errors_by_type } });
    expect(verdict.findings[0]!.message).toContain('most often http_500');
  });
});

describe('terminal summary', () => {
  const closedLoop = ownReportOf({
    metrics: [
      timeSeries('sample_latency_ns', 9, 5e6),
      timeSeries('response_latency_ns', 9, 5e6),
      timeSeries('issue_delay_ns', 9, 0),
    ],
  });

  it('shows response metrics in open loop only', () => {
    expect(terminalSummary(closedLoop).join('\n')).not.toMatch(/Response|Issue delay/);
    const metrics = [timeSeries('response_latency_ns', 9, 5e6), timeSeries('issue_delay_ns', 9, 1)];
    expect(terminalSummary(ownReportOf({ metrics })).join('\n')).toMatch(/Response latency[^]*Issue delay/);
  });

  it('says which rates were asked for, and that failed samples count as completed', () => {
    const counters = { tracked_samples_completed: 9, tracked_duration_ns: 1e9, tracked_samples_errored: 2 };
    const marks = [{ at_ns: 1e8, kind: 'rate', value: 90, text: '' }];
    const extras = { history: { format: 1, end_ns: 1e9, marks } };
    const rateOf = (parts: OwnParts) =>
      terminalSummary(ownReportOf(parts, { requestedRatePerSecond: 60 })).find((line) =>
        line.startsWith('Rate'),
      );
    expect(rateOf({ counters })).toContain('9.00 requests/s completed (including failures; target 60/s)');
    const cancelled = { ...counters, tracked_samples_cancelled: 3 };
    expect(rateOf({ counters: cancelled })).toContain(
      '6.00 requests/s completed (including failures; target 60/s)',
    );
    expect(rateOf({ counters: { ...counters, tracked_samples_errored: 0 }, extras })).toContain(
      '9.00 requests/s completed (target 60/s, then 90/s)',
    );
  });

  it('fits the width it is given, but for tables', () => {
    const report = ownReportOf({}, { stoppedEarly: true, requestedRatePerSecond: 5 });
    const widest = Math.max(...terminalSummary(report, { width: 40 }).map((line) => line.length));
    expect(widest).toBeLessThanOrEqual(65);
  });

  it('cuts the example of an error to its line', () => {
    const errors_by_type = [{ type: 'http_500', count: 1570, example: `HTTP 500: ${'x'.repeat(200)}` }];
    const lines = terminalSummary(ownReportOf({ extras: { errors_by_type } }), { width: 80 });
    expect(lines.at(-1)).toMatch(/^ {2}http_500 {2}1,570 {2}HTTP 500: x+…$/);
    expect(lines.at(-1)).toHaveLength(80);
  });

  it('has the same words with colours', () => {
    const coloured = terminalSummary(closedLoop, { colour: true }).join('\n');
    expect(coloured).toContain('\u001b[');
    const sequence = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    expect(coloured.replaceAll(sequence, '')).toBe(terminalSummary(closedLoop).join('\n'));
  });

  it('names the most frequent errors only', () => {
    const errors_by_type = Array.from({ length: 7 }, (_, i) => ({
      type: `e${i}`,
      count: 9 - i,
      example: '',
    }));
    const lines = terminalSummary(ownReportOf({ extras: { errors_by_type } }));
    expect(lines.slice(-2)).toEqual(['  e4  5', '  and 2 more in the report']);
  });
});

describe('report.txt', () => {
  const content = timeSeries('ttft_content_ns', 9, 7e6);

  it('tells the TTFT of content only beside another one', () => {
    const textOf = (...metrics: readonly object[]) => reportText(ownReportOf({ metrics }));
    expect(textOf(timeSeries('ttft_ns', 9, 7e6), content)).not.toContain('TTFT of content');
    expect(textOf(timeSeries('ttft_ns', 9, 5e6), content, timeSeries('ttft_reasoning_ns', 9, 5e6))).toMatch(
      /TTFT of content:[^]*TTFT of reasoning:/,
    );
  });

  it('fits 80 columns, its configuration too', () => {
    const runConfig = { run: Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`setting_${i}`, i])) };
    const lines = reportText(ownReportOf({}, { runConfig, stoppedEarly: true })).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('wrapText', () => {
  it('breaks between words and indents below the first', () => {
    expect(wrapText('- ', 'aa bb cc dd', 7)).toEqual(['- aa bb', '  cc dd']);
  });

  it('gives a word that is too long a line of its own', () => {
    expect(wrapText('- ', 'a bbbbbbbbbb c', 6)).toEqual(['- a', '  bbbbbbbbbb', '  c']);
  });
});

describe('the line on response and service latency', () => {
  const linesOf = (serviceNs: number, responseNs: number, sendDelayNs: number | null) => {
    const metrics = [
      timeSeries('sample_latency_ns', 1000, serviceNs),
      timeSeries('response_latency_ns', 1000, responseNs),
      timeSeries('issue_delay_ns', 1000, responseNs - serviceNs),
    ];
    const report = ownReportOf({ metrics, extras: { client: { send_delay_p99_ns: sendDelayNs } } });
    return (
      reportText(report)
        .replaceAll('\n', ' ')
        .match(/Latency p99 is \S+ \S+ from due and [^:]*:[^.]*\./g) ?? []
    );
  };

  it.each([
    ['10 % of it', 100e6, 109e6],
    ['1 ms', 1e6, 1.9e6],
  ])('is missing below a difference of %s', (_what, serviceNs, responseNs) => {
    expect(linesOf(serviceNs, responseNs, 0)).toEqual([]);
  });

  it('is missing where they differ by the samples that failed, not by lateness', () => {
    const metrics = [
      timeSeries('sample_latency_ns', 1000, 1630e6),
      timeSeries('response_latency_ns', 450, 1910e6),
      timeSeries('issue_delay_ns', 1000, 0),
    ];
    expect(reportText(ownReportOf({ metrics }))).not.toContain(' from due and ');
  });

  it('says that requests waited for a connection, or that the client was late', () => {
    const start = 'Latency p99 is 1.02 s from due and 12.0 ms from issued: ';
    expect(linesOf(12e6, 1020e6, 1e6)).toEqual([`${start}requests waited here for a free connection.`]);
    expect(linesOf(12e6, 1020e6, 900e6)).toEqual([`${start}the client sent requests late.`]);
    expect(linesOf(12e6, 1020e6, null)).toEqual([`${start}the client sent requests late.`]);
  });
});

describe('what was sent of a planned load', () => {
  const reportOf = (run: object, extras: object = {}) =>
    ownReportOf({
      counters: { tracked_samples_issued: 991, tracked_samples_succeeded: 991 },
      metrics: [timeSeries('issue_delay_ns', 991, 2_000_000)],
      extras: { issuing_ns: 10e9, in_flight: 0, run, ...extras },
    });
  const sentLine = (report: Report) =>
    /^Sent: .*(?:\n .*)*/m.exec(reportText(report))?.[0].replace(/\s+/g, ' ');

  it('is told as a share of the target, and how late it went out', () => {
    const report = reportOf({ requested_rate_per_second: 100 });
    expect(sentLine(report)).toBe(
      'Sent: 99.0/s (99.0 % of the target); late by 2.00 ms at the median, 2.00 ms at p99 and 2.00 ms at most',
    );
    expect(reportToJson(report)).toMatchObject({ issued_rate_per_second: 99 });
  });

  it('has no share where the rate changed', () => {
    const late = 'Sent: late by 2.00 ms at the median, 2.00 ms at p99 and 2.00 ms at most';
    expect(sentLine(reportOf({ requested_rate_per_second: 100, rate_changes: true }))).toBe(late);
  });

  it('has no share where a conversation brings several samples', () => {
    const conversations = { begun: 500, completed: 500, failed: 0, turns_planned: 991, turns_issued: 991 };
    const report = reportOf(
      { requested_rate_per_second: 50 },
      { conversations: { ...conversations, under_way: 0 } },
    );
    expect(report.own?.conversations).not.toBeNull();
    expect(sentLine(report)).not.toContain('of the target');
  });

  it('is not held against the rate at which conversations begin', () => {
    const conversations = { begun: 100, completed: 100, failed: 0, turns_planned: 991, turns_issued: 991 };
    const findings = (extras: object) =>
      reportOf({ requested_rate_per_second: 500 }, extras).verdict.findings.map(({ check }) => check);
    expect(findings({})).toContain('rate_achieved');
    expect(findings({ conversations: { ...conversations, under_way: 0 } })).not.toContain('rate_achieved');
  });

  it('is nothing in closed loop, which plans no rate', () => {
    expect(sentLine(reportOf({}))).toBeUndefined();
  });

  it('comes with the stages in words', () => {
    const text = reportText(reportOf({ load: 'concurrency 2 for 1m, ramp to 9 over 1m' }));
    expect(text).toContain('Load: concurrency 2 for 1m, ramp to 9 over 1m');
  });
});
