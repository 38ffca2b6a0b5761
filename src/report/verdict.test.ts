import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SampleAccount } from './sample-account.ts';
import type { SteeringFacts } from './steering-facts.ts';
import { CHECKS, drawVerdict, type Verdict } from './verdict.ts';
import type { VerdictFacts } from './verdict/facts.ts';

const SAMPLES: SampleAccount = {
  issued: 10_000,
  succeeded: 10_000,
  errored: 0,
  cancelled: 0,
  cancelledByPlan: 0,
  inFlight: 0,
  notSent: 0,
  unaccounted: 0,
  missing: 0,
};

const CLIENT: NonNullable<VerdictFacts['client']> = {
  eventLoopDelayP99Ms: 1,
  eventLoopDelayMaxMs: 4,
  lateP99Ms: 1.5,
  sendDelayP99Ns: 20_000,
  gcPauseMaxMs: 3,
  gcShare: 0.01,
  workerCpuMax: 0.5,
  workerCpuWaitMax: 0.02,
  busyShare: 0,
  connectionsOpened: 10,
  connectFailures: 0,
  connectBackOffMs: 0,
  requestReadMs: 0,
  otherModel: null,
  clockStepMs: 0.1,
};

/** A run of 10 s at 1000/s without any fault. */
const FACTS: VerdictFacts = {
  state: 'complete',
  hasConversations: false,
  pendingTaskCount: 0,
  stoppedEarly: false,
  samples: SAMPLES,
  mostFrequentError: null,
  lostFrames: 0,
  corruptBytes: 0,
  malformedFrames: 0,
  tornBytes: 0,
  clientLimitErrors: 0,
  client: CLIENT,
  steering: null,
  requestedRatePerSecond: 1000,
  doesRateChange: false,
  issueRateAtMostPerSecond: 1000,
  issueDelayP99Ns: 300_000,
  medianResponseLatencyNs: 100_000_000,
  medianServiceNs: 40_000_000,
  latencyCount: 10_000,
  clientError: null,
  metrics: ['ttft', 'tpot', 'chunk_gap', 'latency', 'throughput'],
};

const RECEPTION: NonNullable<VerdictFacts['reception']> = {
  ...{ resumed: 0, framesMissed: 0, reconnected: 0, publishersLost: 0 },
  ...{ messagesRefused: 0, messagesUnread: 0, recordsUnread: 0 },
};

const PAUSED: SteeringFacts = { ratesPerSecond: [], concurrencies: [], pauses: 1, pausedNs: 3e9 };

function verdictWith(change: Partial<VerdictFacts>): Verdict {
  return drawVerdict({ ...FACTS, ...change });
}

function client(change: Partial<typeof CLIENT>): Partial<VerdictFacts> {
  return { client: { ...CLIENT, ...change } };
}

function samples(change: Partial<SampleAccount>): Partial<VerdictFacts> {
  return { samples: { ...SAMPLES, ...change } };
}

describe('drawVerdict', () => {
  it('has nothing to say about a run without fault', () => {
    const verdict = drawVerdict(FACTS);
    expect(verdict).toMatchObject({ level: 'valid', findings: [] });
    expect(verdict.metrics.every(({ level, reason }) => level === 'valid' && reason === null)).toBe(true);
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
    expect(verdictWith({ isAggregated: true, reception: RECEPTION }).level).toBe('valid');
  });

  it.each<[check: string, level: Verdict['level'], change: Partial<VerdictFacts>]>([
    ['samples_measured', 'invalid', { ...samples({ issued: 0, succeeded: 0 }), latencyCount: 0 }],
    ['samples_conserved', 'invalid', samples({ unaccounted: 1 })],
    ['samples_conserved', 'invalid', samples({ unaccounted: -1 })],
    ['samples_missing', 'invalid', samples({ missing: 1 })],
    ['samples_missing', 'invalid', samples({ missing: -1 })],
    ['sample_limit', 'degraded', { isSampleLimitReached: true }],
    ['frames_lost', 'invalid', { lostFrames: 1 }],
    ['run_log_corrupt', 'invalid', { corruptBytes: 1 }],
    ['events_unread', 'invalid', { reception: { ...RECEPTION, recordsUnread: 1 } }],
    ['events_unread', 'invalid', { reception: { ...RECEPTION, messagesUnread: 1 } }],
    ['events_unread', 'invalid', { reception: { ...RECEPTION, messagesRefused: 1 } }],
    ['frames_missed', 'invalid', { reception: { ...RECEPTION, framesMissed: 1 } }],
    ['publisher_lost', 'degraded', { reception: { ...RECEPTION, publishersLost: 1 } }],
    ['publisher_reconnected', 'degraded', { reception: { ...RECEPTION, reconnected: 1 } }],
    ['aggregation_resumed', 'degraded', { reception: { ...RECEPTION, resumed: 1 } }],
    ['client_health_unknown', 'degraded', { isAggregated: true, client: null }],
    ['samples_errored', 'invalid', samples({ succeeded: 0, errored: 10_000 })],
    ['samples_errored', 'degraded', samples({ succeeded: 9_899, errored: 101 })],
    ['run_interrupted', 'degraded', { state: 'interrupted' }],
    ['run_interrupted', 'degraded', { state: 'live' }],
    ['stopped_early', 'degraded', { stoppedEarly: true }],
    ['steered', 'degraded', { steering: { ...PAUSED, ratesPerSecond: [50] } }],
    ['steered', 'degraded', { steering: { ...PAUSED, concurrencies: [8] } }],
    ['steered', 'valid', { steering: PAUSED }],
    ['token_counts_pending', 'degraded', { pendingTaskCount: 1 }],
    ['run_log_torn', 'degraded', { tornBytes: 1 }],
    ['client_health_unknown', 'degraded', { loadGenerator: 'another', client: null }],
    ['samples_cancelled', 'degraded', samples({ succeeded: 9_899, cancelled: 101 })],
    ['samples_not_sent', 'degraded', samples({ notSent: 102 })],
    ['samples_in_flight', 'degraded', samples({ succeeded: 9_999, inFlight: 1 })],
    ['rate_achieved', 'degraded', { issueRateAtMostPerSecond: 910 }],
    ['issue_delay', 'degraded', { issueDelayP99Ns: 5_000_001 }],
    ['issue_delay', 'degraded', { issueDelayP99Ns: 1_000_001, medianResponseLatencyNs: null }],
    ['samples_errored', 'invalid', samples({ succeeded: 8_999, errored: 1_001 })],
    ['client_limits', 'degraded', { clientLimitErrors: 100 }],
    ['client_limits', 'invalid', { clientLimitErrors: 101 }],
    ['rate_achieved', 'invalid', { issueRateAtMostPerSecond: 775 }],
    ['send_delay', 'degraded', client({ sendDelayP99Ns: 5_000_001 })],
    ['send_delay', 'invalid', client({ sendDelayP99Ns: 20_000_001 })],
    ['send_delay', 'invalid', { ...client({ sendDelayP99Ns: 20_000_001 }), medianServiceNs: null }],
    ['event_loop_delay', 'degraded', client({ lateP99Ms: 5.1 })],
    ['event_loop_delay', 'invalid', client({ lateP99Ms: 20.1 })],
    ['event_loop_delay', 'degraded', client({ eventLoopDelayMaxMs: 50.1 })],
    ['gc_pause', 'degraded', client({ gcPauseMaxMs: 50.1 })],
    ['gc_pause', 'invalid', client({ gcShare: 0.11 })],
    ['worker_cpu', 'degraded', client({ busyShare: 0.02 })],
    ['worker_cpu', 'invalid', client({ busyShare: 0.11 })],
    ['clock_step', 'degraded', client({ clockStepMs: 100 })],
    ['clock_step', 'invalid', client({ clockStepMs: 10_000 })],
    ['percentile_support', 'valid', { latencyCount: 9_999 }],
    ['percentile_support', 'valid', { latencyCount: 99 }],
    ['percentile_support', 'valid', { latencyCount: 99, claimedPercentile: 90 }],
    ['percentile_support', 'degraded', { latencyCount: 99, claimedPercentile: 95 }],
  ])('%s makes it %s', (check, level, change) => {
    const verdict = verdictWith(change);
    expect(verdict.level).toBe(level);
    expect(verdict.findings.map((finding) => finding.check)).toContain(check);
  });

  it.each<[change: Partial<VerdictFacts>, message: string]>([
    [
      { outputLimit: 7, outputTokens: { median: 6, max: 20 } },
      'responses are longer than the output limit that was sent: up to 20 tokens (median 6), limit 7; ',
    ],
    [{ responses: { succeeded: 9, empty: 2, unstreamed: 0 } }, '2 of 9 responses are empty'],
    [{ responses: { succeeded: 9, empty: 0, unstreamed: 3 } }, '3 of 9 responses were not streamed'],
    [client({ otherModel: 'x' }), 'the endpoint responds as model "x", which no request asks for'],
    [
      { responses: { succeeded: 9, empty: 0, unstreamed: 0 }, isCounted: false },
      'the server reports no token counts',
    ],
    [{ skippedRows: 1 }, '1 bad row of the dataset skipped'],
    [
      { echoRows: 2 },
      '2 requests of the dataset set "echo": the server streams the prompt first, so TTFT is ',
    ],
    [
      samples({ succeeded: 4_000, cancelledByPlan: 6_000 }),
      '6,000 of 10,000 samples were cancelled by plan (--cancel): they have no latency and no TPOT',
    ],
    [samples({ succeeded: 0, cancelledByPlan: 10_000 }), 'cancelled by plan'],
    [samples({ succeeded: 0, cancelledByPlan: 9_999, cancelled: 1 }), 'cancelled by plan'],
    [samples({ succeeded: 0, cancelledByPlan: 9_910, errored: 90 }), 'cancelled by plan'],
  ])('notes %j', (change, message) => {
    const { level, findings } = verdictWith(change);
    expect(level).toBe('valid');
    expect(findings.map((finding) => finding.message).join()).toContain(message);
  });

  it.each<[Partial<VerdictFacts>]>([
    [{ outputLimit: 7, outputTokens: { median: 6, max: 7 } }],
    [{ outputLimit: null, outputTokens: { median: 6, max: 7 } }],
    [{ outputLimit: 7, outputTokens: null }],
    [{ echoRows: 0 }],
    [{ responses: { succeeded: 9, empty: 0, unstreamed: 0 } }],
  ])('has nothing to note about %j', (change) => {
    expect(verdictWith(change).findings).toEqual(verdictWith({}).findings);
  });

  it.each<[why: string, change: Partial<VerdictFacts>]>([
    ['1 % of errors', samples({ succeeded: 9_900, errored: 100 })],
    ['1 % cancelled', samples({ succeeded: 9_900, cancelled: 100 })],
    ['a rate within scatter', { issueRateAtMostPerSecond: 925 }],
    ['a delay below a twentieth of the latency', { issueDelayP99Ns: 5_000_000 }],
    [
      'a client late by a tenth of a long time',
      { ...client({ lateP99Ms: 40 }), medianServiceNs: 400_000_000 },
    ],
    [
      'a stall of half a long time',
      { ...client({ eventLoopDelayMaxMs: 200 }), medianServiceNs: 400_000_000 },
    ],
    [
      'a rate that is not one: it was changed by hand',
      { issueRateAtMostPerSecond: 100, steering: { ...PAUSED, ratesPerSecond: [50] } },
    ],
    ['a delay below the gap', { issueDelayP99Ns: 1_000_000, medianResponseLatencyNs: null }],
  ])('lets pass: %s', (_why, change) => {
    const checks = verdictWith(change).findings.map(({ check }) => check);
    expect(checks.filter((check) => check !== 'failures_in_latency' && check !== 'steered')).toEqual([]);
  });

  it('tells no later beginning than the issue delay, of which it is a part', () => {
    const { findings } = verdictWith({ ...client({ sendDelayP99Ns: 52e6 }), issueDelayP99Ns: 45.7e6 });
    const { message } = findings.find(({ check }) => check === 'send_delay')!;
    expect(message).toMatch(
      /^the client was late: it began 1 % of the requests more than 45\.7 ms after they were due/,
    );
  });

  it('expects samples in flight while the run is live', () => {
    const { findings } = verdictWith({ ...samples({ inFlight: 3, succeeded: 9_997 }), state: 'live' });
    expect(findings.map(({ check }) => check)).toEqual(['run_interrupted']);
  });

  it('lists the worst first and is as bad as that', () => {
    const verdict = verdictWith({ stoppedEarly: true, lostFrames: 2, latencyCount: 500 });
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

  it.each<[change: Partial<VerdictFacts>, advice: string]>([
    [client({ sendDelayP99Ns: 5_100_000 }), ': use a machine with less to do or lower --rate'],
    [
      client({ sendDelayP99Ns: 5_100_000, busyShare: 0.02 }),
      ': use more --workers, a machine with less to do, or lower --rate',
    ],
    [
      { ...client({ sendDelayP99Ns: 5_100_000 }), isEndpointHere: true },
      ': lower --rate; a server on this machine shares its cores with the client, so run it on another',
    ],
    [
      { ...client({ lateP99Ms: 5.1 }), isEndpointHere: true },
      ': a server on this machine shares its cores with the client, so run it on another',
    ],
  ])('advises more workers only where one was busy, and cores that nobody shares: %j', (change, advice) => {
    const { findings } = verdictWith(change);
    const late = findings.find(({ check }) => check === 'send_delay' || check === 'event_loop_delay')!;
    expect(late.message.endsWith(advice), late.message).toBe(true);
  });

  it('tells whether requests waited for a connection or for the client', () => {
    const messageWith = (change: Partial<VerdictFacts>) => verdictWith(change).findings[0]!.message;
    const late = { issueDelayP99Ns: 15_000_000 };
    expect(messageWith(late)).toMatch(/because --max-connections was reached.*raise it/);
    const both = { ...late, ...client({ sendDelayP99Ns: 14_000_000 }), medianServiceNs: 1e9 };
    expect(messageWith(both)).toMatch(/because the client was late.*use a machine with less to do$/);
    const reading = { ...both, ...client({ sendDelayP99Ns: 14_000_000, requestReadMs: 20_000 }) };
    expect(messageWith(reading)).toMatch(/because requests had to be read from a file.*--dataset-memory/);
  });

  it('takes a wait for what it was told to limit, and the lower rate, for the load that was asked for', () => {
    const held = { maxInFlight: 8, issueDelayP99Ns: 900_000_000, issueRateAtMostPerSecond: 400 };
    const verdict = verdictWith(held);
    expect(verdict.level).toBe('valid');
    expect(verdict.findings.map(({ check, message }) => [check, message])).toEqual([
      [
        'issue_delay',
        '1 % of the requests waited more than 900 ms because 8 were in flight (--max-in-flight), and 400/s went out of the ' +
          '1,000/s requested: response metrics include the wait',
      ],
    ]);
    // Nothing waited: then the limit is no reason for a lower rate.
    const short = verdictWith({ ...held, issueDelayP99Ns: 300_000 });
    expect(short.findings.map(({ check }) => check)).toContain('rate_achieved');
    const late = verdictWith({ ...held, ...client({ sendDelayP99Ns: 800_000_000 }) });
    expect(late.findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['rate_achieved', 'send_delay']),
    );
    expect(late.level).toBe('invalid');
  });
});

describe('docs/measurement.md', () => {
  it('has the table of checks', () => {
    const page = readFileSync(new URL('../../docs/measurement.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `(\w+)` +\| (.*?) +\| (.*?) +\|$/gm)].map(([, ...cells]) => cells);
    const judged = CHECKS.filter(
      ({ degradedWhen, invalidWhen }) => degradedWhen !== '' || invalidWhen !== '',
    );
    const wanted = judged.map(({ name, degradedWhen, invalidWhen }) => [
      name,
      degradedWhen || '–',
      invalidWhen || '–',
    ]);
    expect(rows.filter(([name]) => wanted.some(([check]) => check === name))).toEqual(wanted);
    expect(judged.length).toBeGreaterThan(15);
  });
});

it('tells of pauses between attempts to connect', () => {
  const { findings } = verdictWith(client({ connectFailures: 30, connectBackOffMs: 4500 }));
  const finding = findings.find(({ check }) => check === 'connect_back_off')!;
  expect(finding.message).toMatch(
    /^30 of 40 attempts to connect failed, .*paused between attempts \(4\.50 s over/,
  );
});
