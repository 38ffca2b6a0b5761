import { describe, expect, it } from 'vitest';
import type { SampleAccount } from './sample-account.ts';
import { drawVerdict, type Verdict, type VerdictFacts } from './verdict.ts';

const SAMPLES: SampleAccount = {
  issued: 10_000,
  succeeded: 10_000,
  errored: 0,
  cancelled: 0,
  inFlight: 0,
  unaccounted: 0,
};

/** A run of 10 s at 1000/s without any fault. */
const FACTS: VerdictFacts = {
  state: 'complete',
  pendingTaskCount: 0,
  stoppedEarly: false,
  samples: SAMPLES,
  mostFrequentError: null,
  lostFrames: 0,
  tornBytes: 0,
  client: { eventLoopDelayP99Ms: 1, gcPauseMaxMs: 3, workerCpuMax: 0.5 },
  requestedRatePerSecond: 1000,
  issueRateAtMostPerSecond: 1000,
  issueDelayP99Ns: 300_000,
  medianResponseLatencyNs: 100_000_000,
  latencyCount: 10_000,
};

function verdictWith(change: Partial<VerdictFacts>): Verdict {
  return drawVerdict({ ...FACTS, ...change });
}

function samples(change: Partial<SampleAccount>): Partial<VerdictFacts> {
  return { samples: { ...SAMPLES, ...change } };
}

describe('drawVerdict', () => {
  it('has nothing to say about a run without fault', () => {
    expect(drawVerdict(FACTS)).toEqual({ level: 'valid', findings: [] });
  });

  it('judges only what is known', () => {
    const unknown = {
      client: null,
      requestedRatePerSecond: null,
      issueRateAtMostPerSecond: null,
      issueDelayP99Ns: null,
      medianResponseLatencyNs: null,
      ...samples({ unaccounted: null }),
    };
    expect(verdictWith(unknown).level).toBe('valid');
  });

  it.each<[check: string, level: Verdict['level'], change: Partial<VerdictFacts>]>([
    ['samples_measured', 'invalid', { ...samples({ issued: 0, succeeded: 0 }), latencyCount: 0 }],
    ['samples_conserved', 'invalid', samples({ unaccounted: 1 })],
    ['samples_conserved', 'invalid', samples({ unaccounted: -1 })],
    ['frames_lost', 'invalid', { lostFrames: 1 }],
    ['samples_errored', 'invalid', samples({ succeeded: 0, errored: 10_000 })],
    ['samples_errored', 'degraded', samples({ succeeded: 9_899, errored: 101 })],
    ['run_interrupted', 'degraded', { state: 'interrupted' }],
    ['run_interrupted', 'degraded', { state: 'live' }],
    ['stopped_early', 'degraded', { stoppedEarly: true }],
    ['token_counts_pending', 'degraded', { pendingTaskCount: 1 }],
    ['run_log_torn', 'degraded', { tornBytes: 1 }],
    ['samples_cancelled', 'degraded', samples({ succeeded: 9_899, cancelled: 101 })],
    ['samples_in_flight', 'degraded', samples({ succeeded: 9_999, inFlight: 1 })],
    ['rate_achieved', 'degraded', { issueRateAtMostPerSecond: 910 }],
    ['issue_delay', 'degraded', { issueDelayP99Ns: 5_000_001 }],
    ['issue_delay', 'degraded', { issueDelayP99Ns: 1_000_001, medianResponseLatencyNs: null }],
    ['event_loop_delay', 'degraded', { client: { ...FACTS.client!, eventLoopDelayP99Ms: 50.1 } }],
    ['gc_pause', 'degraded', { client: { ...FACTS.client!, gcPauseMaxMs: 101 } }],
    ['worker_cpu', 'valid', { client: { ...FACTS.client!, workerCpuMax: 0.95 } }],
    ['percentile_support', 'valid', { latencyCount: 9_999 }],
  ])('%s makes it %s', (check, level, change) => {
    const verdict = verdictWith(change);
    expect(verdict.level).toBe(level);
    expect(verdict.findings.map((finding) => finding.check)).toContain(check);
  });

  it.each<[why: string, change: Partial<VerdictFacts>]>([
    ['1 % of errors', samples({ succeeded: 9_900, errored: 100 })],
    ['1 % cancelled', samples({ succeeded: 9_900, cancelled: 100 })],
    ['a rate within scatter', { issueRateAtMostPerSecond: 925 }],
    ['a delay below a twentieth of the latency', { issueDelayP99Ns: 5_000_000 }],
    ['a delay below the gap', { issueDelayP99Ns: 1_000_000, medianResponseLatencyNs: null }],
  ])('lets pass: %s', (_why, change) => {
    const checks = verdictWith(change).findings.map(({ check }) => check);
    expect(checks.filter((check) => check !== 'failures_in_latency')).toEqual([]);
  });

  it('expects samples in flight while the run is live', () => {
    const { findings } = verdictWith({ ...samples({ inFlight: 3, succeeded: 9_997 }), state: 'live' });
    expect(findings.map(({ check }) => check)).toEqual(['run_interrupted']);
  });

  it('lists the worst first and is as bad as that', () => {
    const verdict = verdictWith({ stoppedEarly: true, lostFrames: 2, latencyCount: 50 });
    expect(verdict.findings.map(({ level }) => level)).toEqual(['invalid', 'degraded', 'note']);
    expect(verdict.level).toBe('invalid');
  });

  it.each([
    [10_000, undefined],
    [9_999, 'p99 '],
    [1000, 'p99 '],
    [999, 'p95 '],
    [199, 'p90 '],
    [20, 'p50 '],
    [19, 'percentiles rest'],
  ])('of %d values supports percentiles up to %s', (latencyCount, limit) => {
    const note = verdictWith({ latencyCount }).findings.find(({ check }) => check === 'percentile_support');
    if (limit === undefined) expect(note).toBeUndefined();
    else expect(note!.message).toContain(limit);
  });

  it('names the error to look for', () => {
    const { findings } = verdictWith({
      ...samples({ succeeded: 0, errored: 9 }),
      mostFrequentError: 'http_503',
    });
    expect(findings[0]!.message).toBe('no sample succeeded: all 9 failed, most often http_503');
  });
});
