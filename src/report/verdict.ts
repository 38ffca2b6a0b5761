import {
  countedText,
  countText,
  durationText,
  numberText,
  percentText,
  settingText,
} from '../core/quantity-text.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../core/time.ts';
import type { ClientFacts } from './run-facts.ts';
import type { SampleAccount } from './sample-account.ts';

/** `valid`: the numbers stand. `degraded`: they stand with the reservations told. `invalid`: don't quote them. */
export type VerdictLevel = 'valid' | 'degraded' | 'invalid';

/** Something a reader has to know. A note changes no verdict. */
export interface Finding {
  /** Stable name of the check that found it. */
  readonly check: string;
  readonly level: 'invalid' | 'degraded' | 'note';
  /** What was found, what was wanted and what to do, in one line. */
  readonly message: string;
}

export interface Verdict {
  readonly level: VerdictLevel;
  /** Worst first. */
  readonly findings: readonly Finding[];
}

type ClientHealth = Pick<ClientFacts, 'eventLoopDelayP99Ms' | 'gcPauseMaxMs' | 'workerCpuMax'>;

/** What a verdict rests on; null where it is not known, and then not judged. */
export interface VerdictFacts {
  readonly state: string;
  readonly pendingTaskCount: number;
  /** The run was told to stop before its plan was done. */
  readonly stoppedEarly: boolean;
  readonly samples: SampleAccount;
  readonly mostFrequentError: string | null;
  /** Event frames that are nowhere to be had. */
  readonly lostFrames: number;
  /** Bytes behind the last whole frame of the run log. */
  readonly tornBytes: number;
  readonly client: ClientHealth | null;
  /** Null in closed loop, where nothing is due. */
  readonly requestedRatePerSecond: number | null;
  /** No slower than requests really went out. */
  readonly issueRateAtMostPerSecond: number | null;
  readonly issueDelayP99Ns: number | null;
  readonly medianResponseLatencyNs: number | null;
  /** Values behind the latency percentiles. */
  readonly latencyCount: number;
}

/** The limits of the checks. */
export const VERDICT_LIMITS = {
  /** Share of ended samples that may fail. */
  erroredShare: 0.01,
  /** Share of issued samples that may be cancelled: these are the slowest, so percentiles beyond lie too low. */
  cancelledShare: 0.01,
  /** Share of the requested rate that must go out. */
  rateShare: 0.95,
  /** Issue delay is harmless below this share of the median response latency, however high the rate is. */
  issueDelayShareOfLatency: 0.05,
  /** Of a worker's worst second; every stamp in it may be late by as much. */
  eventLoopDelayP99Ms: 50,
  gcPauseMaxMs: 100,
  /** Share of a core. */
  workerCpu: 0.95,
  /** Values beyond a percentile that it takes to mean something. */
  valuesBeyondPercentile: 10,
} as const;

interface Check {
  readonly name: string;
  readonly judge: (facts: VerdictFacts) => Omit<Finding, 'check'> | undefined;
}

/** Every check, independent of the others; append to extend. */
const CHECKS: readonly Check[] = [
  { name: 'samples_measured', judge: judgeMeasured },
  { name: 'samples_conserved', judge: judgeConservation },
  { name: 'frames_lost', judge: judgeLostFrames },
  { name: 'samples_errored', judge: judgeErrors },
  { name: 'run_interrupted', judge: judgeState },
  { name: 'stopped_early', judge: judgeStop },
  { name: 'token_counts_pending', judge: judgePending },
  { name: 'run_log_torn', judge: judgeTornLog },
  { name: 'samples_cancelled', judge: judgeCancelled },
  { name: 'samples_in_flight', judge: judgeInFlight },
  { name: 'rate_achieved', judge: judgeRate },
  { name: 'issue_delay', judge: judgeIssueDelay },
  { name: 'event_loop_delay', judge: judgeEventLoop },
  { name: 'gc_pause', judge: judgeGc },
  { name: 'worker_cpu', judge: judgeCpu },
  { name: 'failures_in_latency', judge: judgeFailuresInLatency },
  { name: 'percentile_support', judge: judgePercentileSupport },
];

const LEVELS = ['invalid', 'degraded', 'note'] as const;

/** Draws the verdict: the worst level of all findings. */
export function drawVerdict(facts: VerdictFacts): Verdict {
  const found = CHECKS.flatMap(({ name, judge }): Finding[] => {
    const finding = judge(facts);
    return finding === undefined ? [] : [{ check: name, ...finding }];
  });
  const findings = LEVELS.flatMap((level) => found.filter((finding) => finding.level === level));
  const worst = findings[0]?.level ?? 'note';
  return { level: worst === 'note' ? 'valid' : worst, findings };
}

type Judgement = ReturnType<Check['judge']>;

const invalid = (message: string): Judgement => ({ level: 'invalid', message });
const degraded = (message: string): Judgement => ({ level: 'degraded', message });
const note = (message: string): Judgement => ({ level: 'note', message });

function judgeMeasured({ samples }: VerdictFacts): Judgement {
  if (samples.issued > 0) return undefined;
  return invalid('no sample was measured: the run ended before its performance phase issued one');
}

function judgeConservation({ samples }: VerdictFacts): Judgement {
  const { issued, succeeded, errored, cancelled, inFlight, unaccounted } = samples;
  if (unaccounted === null || unaccounted === 0) return undefined;
  return invalid(
    `samples don't add up: ${countText(issued)} issued, but ${countText(succeeded)} succeeded + ${countText(errored)} errored` +
      ` + ${countText(cancelled)} cancelled + ${countText(inFlight)} in flight (${countText(unaccounted)} off);` +
      ' rebuild the report from the run log, and if it stays this is a bug of ours',
  );
}

function judgeLostFrames({ lostFrames }: VerdictFacts): Judgement {
  if (lostFrames === 0) return undefined;
  return invalid(
    `${countedText(lostFrames, 'event frame')} lost: samples are missing; rebuild the report from the run log`,
  );
}

function judgeErrors({ samples, mostFrequentError }: VerdictFacts): Judgement {
  const { succeeded, errored } = samples;
  if (errored === 0) return undefined;
  const cause = mostFrequentError === null ? '' : `, most often ${mostFrequentError}`;
  if (succeeded === 0) return invalid(`no sample succeeded: all ${countText(errored)} failed${cause}`);
  const share = errored / (succeeded + errored);
  if (share <= VERDICT_LIMITS.erroredShare) return undefined;
  return degraded(
    `${percentText(share)} of the samples failed${cause}; up to ${settingText(VERDICT_LIMITS.erroredShare * 100)} % is fine:` +
      ' look at the errors below, lower the load or mend the server',
  );
}

function judgeState({ state }: VerdictFacts): Judgement {
  if (state === 'complete') return undefined;
  return degraded(
    state === 'interrupted'
      ? 'the metrics were interrupted: numbers are partial and approximate; rebuild the report from the run log'
      : `the last snapshot is from a run still ${state}: numbers are partial and approximate; rebuild the report from the run log`,
  );
}

function judgeStop({ stoppedEarly }: VerdictFacts): Judgement {
  return stoppedEarly ? degraded('the run was stopped before its plan was done') : undefined;
}

function judgePending({ pendingTaskCount }: VerdictFacts): Judgement {
  if (pendingTaskCount === 0) return undefined;
  return degraded(
    `${countedText(pendingTaskCount, 'token count')} still pending at the end: token lengths, TPOT and TPS lack them;` +
      ' give metrics.drain_timeout_ms more time, or rebuild the report from the run log',
  );
}

function judgeTornLog({ tornBytes }: VerdictFacts): Judgement {
  if (tornBytes === 0) return undefined;
  return degraded(
    `the run log ends inside a frame (${countedText(tornBytes, 'byte')}): its last events are missing`,
  );
}

function judgeCancelled({ samples }: VerdictFacts): Judgement {
  const share = samples.cancelled / samples.issued;
  if (!(share > VERDICT_LIMITS.cancelledShare)) return undefined;
  return degraded(
    `${percentText(share)} of the samples were cancelled by the run; they are the slowest, so high percentiles are too low:` +
      ' give --drain-timeout more time',
  );
}

function judgeInFlight({ state, samples }: VerdictFacts): Judgement {
  if (state !== 'complete' || samples.inFlight === 0) return undefined;
  return degraded(`${countedText(samples.inFlight, 'sample')} never ended: their latencies are missing`);
}

/** Poisson arrivals scatter by 1/√n of their number, so three times that is allowed for. */
function judgeRate({ requestedRatePerSecond, issueRateAtMostPerSecond, samples }: VerdictFacts): Judgement {
  if (requestedRatePerSecond === null || issueRateAtMostPerSecond === null) return undefined;
  const scatter = 3 / Math.sqrt(samples.issued);
  const share = issueRateAtMostPerSecond / requestedRatePerSecond;
  if (share >= VERDICT_LIMITS.rateShare * (1 - scatter)) return undefined;
  return degraded(
    `requests went out at ${numberText(issueRateAtMostPerSecond)}/s at most, ${percentText(share)} of the ` +
      `${settingText(requestedRatePerSecond)}/s asked for: raise --max-connections or --workers, or lower --rate`,
  );
}

function judgeIssueDelay(facts: VerdictFacts): Judgement {
  const { requestedRatePerSecond, issueDelayP99Ns, medianResponseLatencyNs } = facts;
  if (requestedRatePerSecond === null || issueDelayP99Ns === null) return undefined;
  const gapNs = NS_PER_SECOND / requestedRatePerSecond;
  const harmlessNs = VERDICT_LIMITS.issueDelayShareOfLatency * (medianResponseLatencyNs ?? 0);
  if (issueDelayP99Ns <= Math.max(gapNs, harmlessNs)) return undefined;
  return degraded(
    `1 % of the requests went out more than ${durationText(issueDelayP99Ns)} late, at a mean gap of ${durationText(gapNs)}: ` +
      'the load was not the one asked for; read the response metrics, and raise --max-connections or --workers',
  );
}

function judgeEventLoop({ client }: VerdictFacts): Judgement {
  const delayMs = client?.eventLoopDelayP99Ms ?? 0;
  if (delayMs <= VERDICT_LIMITS.eventLoopDelayP99Ms) return undefined;
  return degraded(
    `in its worst second a worker's event loop was ${durationText(delayMs * NS_PER_MS)} late at p99 (up to ` +
      `${settingText(VERDICT_LIMITS.eventLoopDelayP99Ms)} ms is fine), and so were the stamps taken then:` +
      ' use more --workers or a machine with less to do',
  );
}

function judgeGc({ client }: VerdictFacts): Judgement {
  const pauseMs = client?.gcPauseMaxMs ?? 0;
  if (pauseMs <= VERDICT_LIMITS.gcPauseMaxMs) return undefined;
  return degraded(
    `a garbage collection held a worker up for ${durationText(pauseMs * NS_PER_MS)} (up to ` +
      `${settingText(VERDICT_LIMITS.gcPauseMaxMs)} ms is fine): maxima may be the client's`,
  );
}

function judgeCpu({ client }: VerdictFacts): Judgement {
  const share = client?.workerCpuMax ?? 0;
  if (share < VERDICT_LIMITS.workerCpu) return undefined;
  return note(
    `a worker used ${percentText(Math.min(share, 1))} of a core, as it also does while waiting with precise pacing;` +
      ' if numbers change with more --workers, the client was the limit',
  );
}

function judgeFailuresInLatency({ samples }: VerdictFacts): Judgement {
  const { errored, cancelled, succeeded, unaccounted } = samples;
  if (unaccounted === null || succeeded === 0 || errored + cancelled === 0) return undefined;
  return note('latency and QPS count failed samples too, as the reference does; response latency does not');
}

function judgePercentileSupport({ latencyCount }: VerdictFacts): Judgement {
  if (latencyCount === 0) return undefined;
  const supported = [99.9, 99, 95, 90, 50].find(
    (p) => latencyCount * (1 - p / 100) >= VERDICT_LIMITS.valuesBeyondPercentile - 1e-9,
  );
  if (supported === 99.9) return undefined;
  const limit = supported === undefined ? 'percentiles' : `percentiles above p${supported}`;
  return note(
    `${countedText(latencyCount, 'sample')}: ${limit} rest on fewer than ${VERDICT_LIMITS.valuesBeyondPercentile} values`,
  );
}
