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
import { isChanged, type SteeringFacts, steeringText } from './steering.ts';

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

type ClientHealth = Omit<ClientFacts, 'workers' | 'pacing' | 'connectionsOpened' | 'connectFailures'>;

/** What a verdict rests on; null where it is not known, and then not judged. */
export interface VerdictFacts {
  readonly state: string;
  readonly pendingTaskCount: number;
  /** The run was told to stop before its plan was done. */
  readonly stoppedEarly: boolean;
  readonly samples: SampleAccount;
  readonly mostFrequentError: string | null;
  /** Samples that failed for want of ports or descriptors on our side. */
  readonly clientLimitErrors: number;
  /** Event frames that are nowhere to be had. */
  readonly lostFrames: number;
  /** Bytes from a corrupt place of the run log on. */
  readonly corruptBytes: number;
  /** Bytes behind the last whole frame of the run log. */
  readonly tornBytes: number;
  readonly client: ClientHealth | null;
  /** Null when nobody touched the load. */
  readonly steering: SteeringFacts | null;
  /** The highest one asked for; null in closed loop, where nothing is due. */
  readonly requestedRatePerSecond: number | null;
  /** No slower than requests really went out. */
  readonly issueRateAtMostPerSecond: number | null;
  readonly issueDelayP99Ns: number | null;
  readonly medianResponseLatencyNs: number | null;
  /** Median of the shortest time measured: TTFT of a stream, else latency. */
  readonly medianServiceNs: number | null;
  /** Values behind the latency percentiles. */
  readonly latencyCount: number;
}

/** The limits of the checks. */
export const VERDICT_LIMITS = {
  /** Share of ended samples that may fail; beyond the second even the p90 is made of failures. */
  erroredShare: 0.01,
  erroredShareInvalid: 0.1,
  /** Share of issued samples that may fail for want of ports or descriptors of ours. */
  clientLimitShareInvalid: 0.01,
  /** Share of issued samples that may be cancelled: these are the slowest, so percentiles beyond lie too low. */
  cancelledShare: 0.01,
  /** Share of the requested rate that must go out. */
  rateShare: 0.95,
  rateShareInvalid: 0.8,
  /** Issue delay is harmless below this share of the median response latency, however high the rate is. */
  issueDelayShareOfLatency: 0.05,
  /** How late the client may be at p99, as a share of the median time measured, and what is harmless whatever was measured. */
  lateShare: 0.1,
  lateFloorMs: 5,
  lateShareInvalid: 0.5,
  lateFloorInvalidMs: 20,
  /** The longest stall and the longest pause of the garbage collector, likewise. */
  stallShare: 0.5,
  stallFloorMs: 50,
  /** Share of the time the garbage collector may hold a worker up. */
  gcShareInvalid: 0.1,
  /** A worker was busy in a second when it was at work, or waiting for a core, for this share of it. */
  busyWorker: 0.95,
  /** Share of the time a worker may be busy. */
  busyShareInvalid: 0.1,
  /** Steps of the wall clock against the monotonic one. */
  clockStepMs: 100,
  clockStepInvalidMs: 10_000,
  /** Values beyond a percentile that it takes to mean something, and the samples without which p99 is but the maximum. */
  valuesBeyondPercentile: 10,
  fewestSamples: 100,
} as const;

const L = VERDICT_LIMITS;

interface Check {
  readonly name: string;
  /** When it makes a run degraded and invalid, for the table of docs/measurement.md; empty for never. */
  readonly degradedWhen: string;
  readonly invalidWhen: string;
  readonly judge: (facts: VerdictFacts) => Omit<Finding, 'check'> | undefined;
}

/** Every check, independent of the others; append to extend. */
export const CHECKS: readonly Check[] = [
  check('samples_measured', '', 'no sample was issued', judgeMeasured),
  check('samples_conserved', '', 'issued ≠ succeeded + errored + cancelled + in flight', judgeConservation),
  check('frames_lost', '', 'an event frame is nowhere to be had', judgeLostFrames),
  check('run_log_corrupt', '', 'the run log is corrupt before its end', judgeCorruptLog),
  check(
    'samples_errored',
    `more than ${percents(L.erroredShare)} of the samples failed`,
    `more than ${percents(L.erroredShareInvalid)} failed, or all`,
    judgeErrors,
  ),
  check(
    'client_limits',
    'a sample failed for want of ports or descriptors on the client',
    `more than ${percents(L.clientLimitShareInvalid)} did`,
    judgeClientLimits,
  ),
  check('run_interrupted', 'the metrics are not from the end of the run', '', judgeState),
  check('stopped_early', 'the run was stopped before its plan was done', '', judgeStop),
  check('steered', 'the rate or the concurrency was changed by hand', '', judgeSteering),
  check('token_counts_pending', 'token counts were pending at the end', '', judgePending),
  check('run_log_torn', 'the run log ends inside a frame', '', judgeTornLog),
  check(
    'samples_cancelled',
    `more than ${percents(L.cancelledShare)} of the samples were cancelled by the run`,
    '',
    judgeCancelled,
  ),
  check('samples_in_flight', 'a sample of a complete run never ended', '', judgeInFlight),
  check(
    'rate_achieved',
    `less than ${percents(L.rateShare)} of the requested rate went out, allowing for scatter`,
    `less than ${percents(L.rateShareInvalid)} went out`,
    judgeRate,
  ),
  check(
    'issue_delay',
    `issue delay at p99 above the mean gap and above ${percents(L.issueDelayShareOfLatency)} of the median response latency`,
    '',
    judgeIssueDelay,
  ),
  check(
    'send_delay',
    lateRule('issuing at p99 late by', L.lateFloorMs, L.lateShare),
    lateRule('late by', L.lateFloorInvalidMs, L.lateShareInvalid),
    judgeSendDelay,
  ),
  check(
    'event_loop_delay',
    `${lateRule('in 1 % of the time a worker late by', L.lateFloorMs, L.lateShare)}; ${lateRule('or once by', L.stallFloorMs, L.stallShare)}`,
    lateRule('in 1 % of the time late by', L.lateFloorInvalidMs, L.lateShareInvalid),
    judgeEventLoop,
  ),
  check(
    'gc_pause',
    lateRule('a garbage collection took', L.stallFloorMs, L.stallShare),
    `garbage collection took more than ${percents(L.gcShareInvalid)} of the time`,
    judgeGc,
  ),
  check(
    'worker_cpu',
    `a worker was at work, or waiting for a core, for ${percents(L.busyWorker)} of a second`,
    `it was so for more than ${percents(L.busyShareInvalid)} of the time`,
    judgeCpu,
  ),
  check(
    'clock_step',
    `the wall clock went ${settingText(L.clockStepMs)} ms from the monotonic one within a second`,
    `it went ${settingText(L.clockStepInvalidMs / 1000)} s: the machine slept`,
    judgeClock,
  ),
  check('failures_in_latency', '', '', judgeFailuresInLatency),
  check(
    'percentile_support',
    `fewer than ${settingText(L.fewestSamples)} samples: p99 is the maximum`,
    '',
    judgePercentileSupport,
  ),
];

function check(name: string, degradedWhen: string, invalidWhen: string, judge: Check['judge']): Check {
  return { name, degradedWhen, invalidWhen, judge };
}

function percents(share: number): string {
  return `${settingText(share * 100)} %`;
}

/** `late by more than 5 ms and 10 % of the median time`. */
function lateRule(what: string, floorMs: number, share: number): string {
  return `${what} more than ${settingText(floorMs)} ms and ${percents(share)} of the median TTFT (latency without streaming)`;
}

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
/** Degraded, or invalid when it is that bad. */
const worse = (isInvalid: boolean, message: string): Judgement => ({
  level: isInvalid ? 'invalid' : 'degraded',
  message,
});
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
  const { succeeded, errored, cancelled } = samples;
  if (errored === 0) {
    return succeeded === 0 && cancelled > 0
      ? invalid(`no sample succeeded: all ${countText(cancelled)} were cancelled by the run`)
      : undefined;
  }
  const cause = mostFrequentError === null ? '' : `, most often ${mostFrequentError}`;
  if (succeeded === 0) return invalid(`no sample succeeded: all ${countText(errored)} failed${cause}`);
  const share = errored / (succeeded + errored);
  if (share <= L.erroredShare) return undefined;
  return worse(
    share > L.erroredShareInvalid,
    `${percentText(share)} of the samples failed${cause}; up to ${percents(L.erroredShare)} is fine:` +
      ' look at the errors below, lower the load or mend the server',
  );
}

function judgeClientLimits({ samples, clientLimitErrors }: VerdictFacts): Judgement {
  if (clientLimitErrors === 0) return undefined;
  return worse(
    clientLimitErrors / samples.issued > L.clientLimitShareInvalid,
    `${countedText(clientLimitErrors, 'sample')} failed because this machine had no port or descriptor left, not for the server:` +
      ' raise ulimit -n, widen net.ipv4.ip_local_port_range, or lower --max-connections or the load',
  );
}

function judgeState({ state }: VerdictFacts): Judgement {
  if (state === 'complete') return undefined;
  return degraded(
    state === 'interrupted'
      ? 'the run did not come to its end: numbers are partial and approximate'
      : `the last snapshot is from a run still ${state}: numbers are partial and approximate`,
  );
}

function judgeStop({ stoppedEarly }: VerdictFacts): Judgement {
  return stoppedEarly ? degraded('the run was stopped before its plan was done') : undefined;
}

function judgeSteering({ steering }: VerdictFacts): Judgement {
  if (steering === null) return undefined;
  const told = steeringText(steering);
  return isChanged(steering)
    ? degraded(`${told}: the percentiles are over several loads, which the plot over time tells apart`)
    : note(`${told}: the numbers stand, but for QPS and TPS, which are over the pauses too`);
}

function judgePending({ pendingTaskCount }: VerdictFacts): Judgement {
  if (pendingTaskCount === 0) return undefined;
  return degraded(
    `${countedText(pendingTaskCount, 'token count')} still pending at the end: token lengths, TPOT and TPS lack them;` +
      ' give metrics.drain_timeout_ms more time, or rebuild the report from the run log',
  );
}

function judgeCorruptLog({ corruptBytes }: VerdictFacts): Judgement {
  if (corruptBytes === 0) return undefined;
  return invalid(
    `the run log is corrupt and its last ${countedText(corruptBytes, 'byte')} could not be read: this tells of the run up to there`,
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
  if (!(share > L.cancelledShare)) return undefined;
  return degraded(
    `${percentText(share)} of the samples were cancelled by the run; they are the slowest, so high percentiles are too low:` +
      ' give --drain-timeout more time',
  );
}

function judgeInFlight({ state, samples }: VerdictFacts): Judgement {
  if (state !== 'complete' || samples.inFlight === 0) return undefined;
  return degraded(`${countedText(samples.inFlight, 'sample')} never ended: their latencies are missing`);
}

/** Poisson arrivals scatter by 1/√n of their number, so three times that is allowed for. There is no one rate of a steered run. */
function judgeRate(facts: VerdictFacts): Judgement {
  const { requestedRatePerSecond, issueRateAtMostPerSecond, samples, steering } = facts;
  if (requestedRatePerSecond === null || issueRateAtMostPerSecond === null) return undefined;
  if (steering !== null) return undefined;
  const scatter = 3 / Math.sqrt(samples.issued);
  const share = issueRateAtMostPerSecond / requestedRatePerSecond;
  if (share >= L.rateShare * (1 - scatter)) return undefined;
  return worse(
    share < L.rateShareInvalid * (1 - scatter),
    `requests went out at ${numberText(issueRateAtMostPerSecond)}/s at most, ${percentText(share)} of the ` +
      `${settingText(requestedRatePerSecond)}/s asked for: raise --max-connections or --workers, or lower --rate`,
  );
}

function judgeIssueDelay(facts: VerdictFacts): Judgement {
  const { requestedRatePerSecond, issueDelayP99Ns, medianResponseLatencyNs, client } = facts;
  if (requestedRatePerSecond === null || issueDelayP99Ns === null) return undefined;
  const gapNs = NS_PER_SECOND / requestedRatePerSecond;
  const harmlessNs = L.issueDelayShareOfLatency * (medianResponseLatencyNs ?? 0);
  if (issueDelayP99Ns <= Math.max(gapNs, harmlessNs)) return undefined;
  const waited = waitedForConnection(client?.sendDelayP99Ns ?? null, issueDelayP99Ns);
  return degraded(
    `1 % of the requests went out more than ${durationText(issueDelayP99Ns)} late, at a mean gap of ${durationText(gapNs)}, ` +
      `${waited ? 'for want of a free connection' : 'because the client was late'}: the load was not the one asked for; ` +
      `read the response metrics, and raise ${waited ? '--max-connections' : '--workers'}`,
  );
}

/** Whether requests that went out late waited for a connection: the client itself had turned to them in time. */
export function waitedForConnection(sendDelayP99Ns: number | null, issueDelayP99Ns: number): boolean {
  return sendDelayP99Ns !== null && sendDelayP99Ns < issueDelayP99Ns / 2;
}

function judgeSendDelay({ client, medianServiceNs }: VerdictFacts): Judgement {
  const delayMs = (client?.sendDelayP99Ns ?? 0) / NS_PER_MS;
  const level = lateLevel(delayMs, medianServiceNs);
  if (level === undefined) return undefined;
  return {
    level,
    message:
      `the client turned to 1 % of the requests more than ${msText(delayMs)} after they were due${againstText(medianServiceNs)}:` +
      ' use more --workers, a machine with less to do, or lower --rate',
  };
}

function judgeEventLoop({ client, medianServiceNs }: VerdictFacts): Judgement {
  if (client === null) return undefined;
  const lateMs = client.lateP99Ms ?? 0;
  const level = lateLevel(lateMs, medianServiceNs);
  if (level !== undefined) {
    return {
      level,
      message:
        `in 1 % of the time a worker's event loop was more than ${msText(lateMs)} late${againstText(medianServiceNs)}, and so were` +
        ' the stamps taken then: use more --workers or a machine with less to do',
    };
  }
  const longestMs = client.eventLoopDelayMaxMs ?? 0;
  if (!isStall(longestMs, medianServiceNs)) return undefined;
  return degraded(
    `a worker's event loop stood still for ${msText(longestMs)} once${againstText(medianServiceNs)}: maxima may be the client's`,
  );
}

function judgeGc({ client, medianServiceNs }: VerdictFacts): Judgement {
  const { gcPauseMaxMs = null, gcShare = null } = client ?? {};
  if ((gcShare ?? 0) > L.gcShareInvalid) {
    return invalid(
      `garbage collection held a worker up for ${percentText(gcShare!)} of the time (up to ${percents(L.gcShareInvalid)} is fine):` +
        ' use more --workers or lower the load',
    );
  }
  if (!isStall(gcPauseMaxMs ?? 0, medianServiceNs)) return undefined;
  return degraded(
    `a garbage collection held a worker up for ${msText(gcPauseMaxMs!)}${againstText(medianServiceNs)}: maxima may be the client's`,
  );
}

function judgeCpu({ client }: VerdictFacts): Judgement {
  const busyShare = client?.busyShare ?? 0;
  if (busyShare === 0) return undefined;
  const waitShare = client?.workerCpuWaitMax ?? 0;
  const detail =
    waitShare > 1 - L.busyWorker ? `, up to ${percentText(waitShare)} of it waiting for a core` : '';
  return worse(
    busyShare > L.busyShareInvalid,
    `for ${percentText(busyShare)} of the time a worker had hardly a moment free${detail}: the client was the limit, and its` +
      ' times are too long; use more --workers, a machine with less to do, or lower the load',
  );
}

function judgeClock({ client }: VerdictFacts): Judgement {
  const stepMs = client?.clockStepMs ?? 0;
  if (stepMs < L.clockStepMs) return undefined;
  return worse(
    stepMs >= L.clockStepInvalidMs,
    `the wall clock went ${msText(stepMs)} from the monotonic one at once: it was set, or the machine slept, which no time of ours` +
      ' shows; if it slept, repeat the run',
  );
}

/** How bad it is that the client was late by so much at p99. */
function lateLevel(lateMs: number, medianNs: number | null): 'invalid' | 'degraded' | undefined {
  const medianMs = (medianNs ?? 0) / NS_PER_MS;
  if (lateMs > Math.max(L.lateFloorInvalidMs, L.lateShareInvalid * medianMs)) return 'invalid';
  return lateMs > Math.max(L.lateFloorMs, L.lateShare * medianMs) ? 'degraded' : undefined;
}

function isStall(ms: number, medianNs: number | null): boolean {
  return ms > Math.max(L.stallFloorMs, (L.stallShare * (medianNs ?? 0)) / NS_PER_MS);
}

function msText(ms: number): string {
  return durationText(ms * NS_PER_MS);
}

function againstText(medianNs: number | null): string {
  return medianNs === null ? '' : `, where a median of ${durationText(medianNs)} was measured`;
}

function judgeFailuresInLatency({ samples }: VerdictFacts): Judgement {
  const { errored, cancelled, succeeded, unaccounted } = samples;
  if (unaccounted === null || succeeded === 0 || errored + cancelled === 0) return undefined;
  return note('latency and QPS count failed samples too, as the reference does; response latency does not');
}

function judgePercentileSupport({ latencyCount }: VerdictFacts): Judgement {
  if (latencyCount === 0) return undefined;
  const supported = [99.9, 99, 95, 90, 50].find(
    (p) => latencyCount * (1 - p / 100) >= L.valuesBeyondPercentile - 1e-9,
  );
  if (supported === 99.9) return undefined;
  const limit = supported === undefined ? 'percentiles' : `percentiles above p${supported}`;
  const isTooFew = latencyCount < L.fewestSamples;
  return {
    level: isTooFew ? 'degraded' : 'note',
    message:
      `${countedText(latencyCount, 'sample')}: ${limit} rest on fewer than ${L.valuesBeyondPercentile} values` +
      (isTooFew ? ', and p99 is the maximum: give the run more --samples' : ''),
  };
}
