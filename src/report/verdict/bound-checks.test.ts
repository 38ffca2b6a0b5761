import { describe, expect, it } from 'vitest';
import { reportToJson } from '../json.ts';
import { reportFromSnapshot, type Report } from '../report.ts';
import { reportText } from '../text.ts';
import { terminalSummary } from '../terminal-summary.ts';

const MS = 1e6;

function series(name: string, ms: number, count = 5000) {
  const percentiles = { '99.0': ms * MS, '90.0': ms * MS, '50.0': ms * MS };
  return {
    type: 'series',
    name,
    count,
    total: count * ms * MS,
    min: ms * MS,
    max: ms * MS,
    sum_sq: 0,
    percentiles,
    histogram: [],
  };
}

interface Given {
  /** The most that may have been added to TTFT and to chunk gaps, and left out of these, ms. */
  readonly ttftMs?: number;
  readonly gapMs?: number;
  readonly gapMissingMs?: number | null;
  readonly count?: number;
  readonly judge?: readonly string[];
  readonly completionLateMs?: number;
  readonly rate?: number;
  readonly busyShare?: number;
}

function reportOf({
  ttftMs = 0,
  gapMs = 0,
  gapMissingMs = 0,
  count,
  judge,
  completionLateMs = 0,
  rate,
  busyShare = 0,
}: Given): Report {
  const all = (added: number, missing: number | null = 0) =>
    Object.fromEntries(
      ['50.0', '90.0', '99.0'].map((p) => [p, [added * MS, missing === null ? null : missing * MS]]),
    );
  const counters = {
    tracked_samples_issued: 5000,
    tracked_samples_completed: 5000,
    tracked_samples_succeeded: 5000,
    tracked_samples_errored: 0,
    tracked_samples_cancelled: 0,
  };
  return reportFromSnapshot(
    {
      state: 'complete',
      metrics: [
        ...Object.entries(counters).map(([name, value]) => ({ type: 'counter', name, value })),
        series('sample_latency_ns', 400, 10_000),
        series('ttft_ns', 40, count),
        series('chunk_delta_ns', 10, count),
        series('tpot_ns', 10),
      ],
      extras: {
        in_flight: 0,
        ...(judge === undefined ? {} : { run: { judge } }),
        client: {
          workers: 1,
          busy_share: busyShare,
          gc_pause_max_ms: 400,
          event_loop_delay_max_ms: 400,
          late_p99_ms: 30,
        },
        client_bounds: {
          probes: 2000,
          late_p50_ns: 60_000,
          late_p99_ns: 2 * MS,
          late_max_ns: 8 * MS,
          completion_late_mean_ns: completionLateMs * MS,
          series: {
            ttft_ns: all(ttftMs),
            chunk_delta_ns: all(gapMs, gapMissingMs),
            tpot_ns: all(0),
            sample_latency_ns: all(0),
          },
        },
      },
    },
    { version: '0.0.0-test', ...(rate === undefined ? {} : { requestedRatePerSecond: rate }) },
  );
}

const levels = (report: Report) =>
  Object.fromEntries(report.verdict.metrics.map(({ metric, level }) => [metric, level]));

describe('the verdict of each metric', () => {
  it('is valid where the client added next to nothing, whatever its loop and its collector did in between', () => {
    const report = reportOf({ ttftMs: 1.9, gapMs: 0.4 });
    expect(report.verdict.level).toBe('valid');
    expect(levels(report)).toEqual({
      ttft: 'valid',
      tpot: 'valid',
      chunk_gap: 'valid',
      latency: 'valid',
      throughput: 'valid',
    });
  });

  it('says which metric is off, by how much, and that the others stand', () => {
    const report = reportOf({ gapMs: 6, gapMissingMs: 2 });
    expect(report.verdict.level).toBe('invalid');
    expect(levels(report)).toMatchObject({ ttft: 'valid', chunk_gap: 'invalid', latency: 'valid' });
    const reason = 'chunk gap p50 is 10.0 ms, of which the client may have added up to 6.00 ms';
    expect(report.verdict.metrics.find(({ metric }) => metric === 'chunk_gap')!.reason).toContain(reason);
    for (const lines of [reportText(report), terminalSummary(report).join('\n')]) {
      expect(lines).toContain('INVALID: chunk gaps; VALID: TTFT, TPOT, latency, throughput');
      expect(lines.replace(/\s+/g, ' ')).toContain(reason);
      expect(lines).toContain('Client error: reads were late by 60.0 µs at p50 and 2.00 ms at p99');
    }
  });

  it.each([
    [{ gapMs: 0.51 }, 'degraded'],
    [{ gapMissingMs: 0.51 }, 'degraded'],
    [{ gapMissingMs: null }, 'invalid'],
    [{ gapMs: 5.1, count: 50 }, 'invalid'],
    [{ gapMs: 5.1, count: 15 }, 'degraded'],
    [{ gapMs: 0.49 }, 'valid'],
  ] as const)('of %j is %s', (given, level) => {
    expect(levels(reportOf(given)).chunk_gap).toBe(level);
  });

  it('counts for the run only where it is asked for', () => {
    const report = reportOf({ gapMs: 6, judge: ['ttft', 'latency'] });
    expect(report.verdict.level).toBe('valid');
    expect(report.verdict.findings).toMatchObject([{ check: 'chunk_gap_error', level: 'note' }]);
    expect(levels(report).chunk_gap).toBe('invalid');
    expect(reportText(report)).toContain('INVALID: chunk gaps (not judged)');
  });

  it('of the throughput is about closed loop, where requests wait for late reads', () => {
    expect(levels(reportOf({ completionLateMs: 30 })).throughput).toBe('degraded');
    expect(levels(reportOf({ completionLateMs: 210 })).throughput).toBe('invalid');
    expect(levels(reportOf({ completionLateMs: 30, rate: 100 })).throughput).toBe('valid');
    expect(levels(reportOf({ busyShare: 0.5 }))).toMatchObject({ throughput: 'invalid', ttft: 'valid' });
  });

  it('has its bound below each percentile from 1 % of it on', () => {
    const report = reportOf({ ttftMs: 0.3, gapMs: 0.2, gapMissingMs: 0.4 });
    for (const lines of [reportText(report), terminalSummary(report).join('\n')]) {
      expect(lines).toMatch(/Chunk gap +10\.0 ms[^]*client's part +≤ 400 µs +≤ 400 µs +≤ 400 µs/);
      expect(lines.match(/client's part/g)).toHaveLength(1);
      expect(lines).toContain("Client's part: how much of a percentile the client may have added");
    }
    expect(reportText(reportOf({ ttftMs: 0.3 }))).not.toMatch(/client's part/i);
  });

  it('is in the JSON with all bounds', () => {
    const json = reportToJson(reportOf({ ttftMs: 3, gapMissingMs: null }));
    expect(json.client_bounds).toMatchObject({
      probes: 2000,
      metrics: {
        ttft: { '99.0': { added_ns: 3 * MS, missing_ns: 0 } },
        chunk_gap: { '99.0': { missing_ns: 8 * MS } },
      },
      series: { chunk_delta_ns: { '99.0': [0, null] } },
    });
    expect(json.verdict).toMatchObject({
      metrics: expect.arrayContaining([
        expect.objectContaining({ metric: 'ttft', level: 'degraded' }),
      ]) as unknown,
    });
  });
});
