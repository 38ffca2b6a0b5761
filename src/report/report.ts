import { type AgentFacts, readAgents } from '../core/agent-news.ts';
import { type MetricUnit, SHOWN_SERIES } from '../core/metric-catalogue.ts';
import { FINISH_REASONS, isCancellation } from '../core/event-types.ts';
import { JUDGED_METRICS, type JudgedMetric } from '../core/judged-metrics.ts';
import { hasTokens } from '../core/response-kind.ts';
import { readThroughput, type Throughput } from '../core/throughput.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { readUntilEnd, type UntilEnd } from '../core/until.ts';
import type { ExactInteger, Json } from '../metrics/snapshot.ts';
import { type Slo, slosOf } from '../rules/slo.ts';
import type { SloVerdict } from '../rules/slo-verdict.ts';
import { clientErrorBounds, type ClientErrorBounds } from './client-error.ts';
import { type CostReport, reportCost } from './cost-report.ts';
import { type ConversationReport, readConversations } from './conversation-report.ts';
import { type EnergyReport, reportEnergy, workDone } from './energy-report.ts';
import { type GoodputReport, reportGoodput } from './goodput-report.ts';
import { type DimensionReport, reportGroups } from './group-report.ts';
import { findClientError, loadOf, type CalibratedCell, type ClientError } from './error-bound.ts';
import { readRetries, type RetryFacts } from './retry-facts.ts';
import { isAggregated, readRunFacts, type RunFacts } from './run-facts.ts';
import { accountSamples, type SampleAccount } from './sample-account.ts';
import { medianOf, percentileOf, reportSeries, type SeriesReport } from './series-report.ts';
import { judgeSlos, judgeSteadySlos, type SloFacts } from './slo-report.ts';
import { reportServers, type ServerReport } from './server-report.ts';
import type { SteadyState } from './steady-state.ts';
import { readSnapshot, type SnapshotInput } from './snapshot-input.ts';
import { highestRate, readSteering, type SteeringFacts } from './steering-facts.ts';
import { drawVerdict, type Verdict } from './verdict.ts';
import type { VerdictFacts } from './verdict/facts.ts';

/** Error type of samples that got no connection for want of a port or descriptor of ours. */
const CLIENT_LIMIT_ERROR_TYPE = 'client_limit';

export interface ReportOptions {
  readonly version: string;
  /** Of the program. */
  readonly gitSha?: string | null;
  /**
   * Take QPS and TPS from the MLPerf LoadGen window (first issue to the completion of the last-issued sample) when the snapshot has
   * one and two samples completed. Default true, as in the reference; meant for Poisson arrivals.
   */
  readonly useLegacyLoadgenQpsMetrics?: boolean;
  /** What the run was asked to do, section by section; shown and carried along. */
  readonly runConfig?: { readonly [section: string]: Json };
  /** Where the snapshot came from, such as `replay of the run log`; named in the report. */
  readonly source?: string;
  /** Arrivals a second of an open-loop run; default: what the snapshot says. */
  readonly requestedRatePerSecond?: number;
  /** The run was told to stop before its plan was done. */
  readonly stoppedEarly?: boolean;
  /** Bytes behind the last whole frame of the run log the snapshot was rebuilt from; default: what the snapshot says. */
  readonly tornBytes?: number;
  /** What calibrate measured on the machine of the run, none when it never did; the report then tells of the client's own error. */
  readonly calibration?: readonly CalibratedCell[];
  /** The run spoke TLS or HTTP/2, or opened a connection for each request, neither of which calibrate does. */
  readonly connectsOtherwise?: boolean;
  /** The largest limit of output tokens sent; null or missing when a request had none. */
  readonly outputLimit?: number | null;
  /** Rows of the dataset that were left out. */
  readonly skippedRows?: number;
  /** Rows whose request asks for the prompt in front of a streamed response. */
  readonly echoRows?: number;
  /** What the servers cost an hour; the report then tells what tokens cost. */
  readonly pricePerHour?: number;
  /** Limits to judge the run by; default: those the run was started with. */
  readonly slos?: readonly Slo[];
  /** The part of the run that is steady, where somebody asked for it. */
  readonly steadyState?: SteadyState;
  /** Results of accuracy phases for the display, as the reference writes them. */
  readonly accuracy?: readonly Json[];
}

/** The series of ours that a report shows behind the reference's. */
export interface OwnSeries {
  /** Time between two chunks of a sample. */
  readonly chunkGap: SeriesReport;
  readonly responseTtft: SeriesReport;
  readonly responseLatency: SeriesReport;
  readonly issueDelay: SeriesReport;
  readonly ttftContent: SeriesReport;
  readonly ttftReasoning: SeriesReport;
  readonly ttftTool: SeriesReport;
  readonly ttftRefusal: SeriesReport;
  /** As the server reports them. */
  readonly cachedTokens: SeriesReport;
  readonly reasoningTokens: SeriesReport;
  readonly acceptedPredictionTokens: SeriesReport;
}

/** A series that is shown because the catalogue says so. */
export interface ShownSeries {
  readonly name: string;
  readonly label: string;
  readonly unit: MetricUnit;
  readonly series: SeriesReport;
}

/** What only a snapshot of our own aggregator tells. */
export interface OwnReport extends RunFacts, OwnSeries {
  /** Over the measured window; null for a run of an earlier version, or one too short for a window. */
  readonly throughput: Throughput | null;
  /** Null for a run of single requests. */
  readonly conversations: ConversationReport | null;
  /** Null without a rule for good samples. */
  readonly goodput: GoodputReport | null;
  /** Null for a run that did not wait for a figure to be known. */
  readonly until: UntilEnd | null;
  /** Null where nobody looked at the servers. */
  readonly servers: ServerReport | null;
  /** Null where nobody measured their power. */
  readonly energy: EnergyReport | null;
  /** Null without a price. */
  readonly cost: CostReport | null;
  /** Null where nothing was retried. */
  readonly retries: RetryFacts | null;
  /** The load generators that shared the run; empty where there was one alone. */
  readonly agents: readonly AgentFacts[];
  /** Figures by endpoint and by model; empty where all samples are alike. */
  readonly groups: readonly DimensionReport[];
  /** What the catalogue wants shown, beside the series that have fields of their own. */
  readonly shownSeries: readonly ShownSeries[];
  /** As planned. */
  readonly requestedRatePerSecond: number | null;
  /** As it went out, from the first sample to the last; null before there were two, and for a snapshot that does not tell. */
  readonly issuedRatePerSecond: number | null;
  /** Null when nobody touched the load. */
  readonly steering: SteeringFacts | null;
  readonly source: string | null;
  /** How far off the client's own stamps may be; null when the report was not asked to tell. */
  readonly clientError: ClientError | null;
  /** How far off this run's metrics may be, as it measured itself; null when it did not. */
  readonly errorBounds: ClientErrorBounds | null;
}

/** Everything a run's report says; times in ns, rates per second. The reference's facts come first, ours are in `own`. */
export interface Report {
  readonly version: string;
  readonly gitSha: string | null;
  readonly samplesIssued: ExactInteger;
  /** Samples that ended, failed ones included. */
  readonly samplesCompleted: ExactInteger;
  readonly samplesFailed: ExactInteger;
  /** Tracked time; null when there is none. */
  readonly durationNs: ExactInteger | null;
  readonly state: string;
  /** The run ended by itself and no token count is missing. */
  readonly complete: boolean;
  readonly ttft: SeriesReport;
  readonly tpot: SeriesReport;
  readonly latency: SeriesReport;
  readonly outputSequenceLengths: SeriesReport;
  readonly inputSequenceLengths: SeriesReport;
  /** Null unless QPS and TPS are taken from it. */
  readonly legacyLoadgenWindowDurationNs: ExactInteger | null;
  /** By the reference's definition: samples a second that ended by themselves, the drain included; null without a duration. */
  readonly qps: number | null;
  /** By the reference's definition: output tokens a second; null without a duration or without token counts. */
  readonly tps: number | null;
  /** Samples by finish reason: the known ones, then `other`. */
  readonly finishReasonCounts: Readonly<Record<string, ExactInteger>>;
  readonly runConfig: { readonly [section: string]: Json } | null;
  /** For the display only. */
  readonly accuracy: readonly Json[] | null;
  readonly samples: SampleAccount;
  readonly verdict: Verdict;
  /** How the run stands to its SLOs; none without any. */
  readonly slos: readonly SloVerdict[];
  /** Null where nobody asked for it. */
  readonly steadyState: SteadyState | null;
  /** The SLOs over the steady state; none where there is none. Rates are those of the whole run, and so are series that {@link SteadyFigures} lacks. */
  readonly steadySlos: readonly SloVerdict[];
  /** Null for a snapshot of another aggregator. */
  readonly own: OwnReport | null;
}

/**
 * The report of a run from a snapshot's JSON form (`toJson`, or a parsed file). Pure; the only arithmetic between the metrics and what
 * a person reads: rates, averages, standard deviations, the account of samples, the verdict.
 *
 * Never throws: parts that are missing read as 0, as empty or, for the state, as `interrupted`.
 */
export function reportFromSnapshot(snapshot: unknown, options: ReportOptions): Report {
  const input = readSnapshot(snapshot);
  const series = (name: string) => reportSeries(input.series(name));
  const ttft = series('ttft_ns');
  const latency = series('sample_latency_ns');
  const outputSequenceLengths = series('osl');
  const samples = accountSamples(input);
  const tpot = series('tpot_ns');
  const inputSequenceLengths = series('isl');
  const own = isOurs(input) ? ownReport(input, options, { ttft, tpot, latency, inputSequenceLengths }) : null;
  const verdict = verdictOf(input, options, { samples, ttft, tpot, latency, outputSequenceLengths, own });
  const slos = options.slos ?? ownSlos(input.extras);
  const sloFacts: SloFacts = {
    ...{ series, samples, verdict },
    throughput: own?.throughput ?? null,
    bounds: own?.errorBounds?.told ?? null,
    loweredShare: own?.errorBounds?.throughputShare ?? null,
  };
  return {
    version: options.version,
    gitSha: options.gitSha ?? null,
    samplesIssued: input.counter('tracked_samples_issued'),
    samplesCompleted: input.counter('tracked_samples_completed'),
    samplesFailed: input.counter('tracked_samples_failed'),
    state: input.state,
    complete: input.state === 'complete' && input.pendingTaskCount === 0,
    ttft,
    tpot,
    latency,
    outputSequenceLengths,
    inputSequenceLengths,
    ...ratesOf(input, samples, outputSequenceLengths, options.useLegacyLoadgenQpsMetrics ?? true),
    finishReasonCounts: Object.fromEntries(
      [...FINISH_REASONS, 'other'].map((reason) => [
        reason,
        input.counter(`tracked_finish_reason_${reason}`),
      ]),
    ),
    runConfig: options.runConfig ?? null,
    accuracy: options.accuracy ?? null,
    samples,
    verdict,
    slos: judgeSlos(slos, sloFacts),
    steadyState: options.steadyState ?? null,
    steadySlos: judgeSteadySlos(slos, sloFacts, options.steadyState?.figures ?? null),
    own,
  };
}

type Rates = Pick<Report, 'durationNs' | 'legacyLoadgenWindowDurationNs' | 'qps' | 'tps'>;

/** Without the samples that we cancelled: neither they nor when that was say anything of the server. */
function ratesOf(
  input: SnapshotInput,
  { cancelled, cancelledByPlan }: SampleAccount,
  outputLengths: SeriesReport,
  useLegacy: boolean,
): Rates {
  const completed = Number(input.counter('tracked_samples_completed')) - cancelled - cancelledByPlan;
  const outputTokens = outputLengths.kind === 'values' ? outputLengths.total : null;
  const durationNs = positiveOrNull(input.counter('tracked_duration_ns'));
  const windowNs = positiveOrNull(input.counter('legacy_loadgen_window_duration_ns'));
  const takesWindow = useLegacy && windowNs !== null && completed >= 2;
  const spanNs = takesWindow ? windowNs : durationNs;
  return {
    durationNs,
    legacyLoadgenWindowDurationNs: takesWindow ? windowNs : null,
    qps: perSecond(takesWindow ? completed - 1 : completed, spanNs),
    tps: perSecond(outputTokens, spanNs),
  };
}

function perSecond(count: ExactInteger | null, spanNs: ExactInteger | null): number | null {
  return count === null || spanNs === null ? null : Number(count) / (Number(spanNs) / NS_PER_SECOND);
}

function positiveOrNull(value: ExactInteger): ExactInteger | null {
  return value > 0 ? value : null;
}

function isOurs(input: SnapshotInput): boolean {
  return input.hasCounter('tracked_samples_succeeded') || Object.keys(input.extras).length > 0;
}

function highestPercentile(slos: readonly Slo[]): number | null {
  const percentiles = slos.flatMap(({ figure }) => (figure.kind === 'percentile' ? [figure.percentile] : []));
  return percentiles.length === 0 ? null : Math.max(...percentiles);
}

function ownReport(
  input: SnapshotInput,
  options: ReportOptions,
  {
    ttft,
    tpot,
    latency,
    inputSequenceLengths: inputs,
  }: Pick<Report, 'ttft' | 'tpot' | 'latency' | 'inputSequenceLengths'>,
): OwnReport {
  const series = (name: string) => reportSeries(input.series(name));
  const facts = readRunFacts(input);
  const requestedRatePerSecond = options.requestedRatePerSecond ?? facts.run.requestedRatePerSecond;
  const chunkGap = series('chunk_delta_ns');
  const steering = readSteering(input.extras);
  const trackedNs = positiveOrNull(input.counter('tracked_duration_ns'));
  const conversations = readConversations(input, trackedNs === null ? null : Number(trackedNs));
  // Of conversations the rate is that at which they begin.
  const planned = conversations === null ? highestRate(requestedRatePerSecond, steering) : null;
  const load = loadOf(planned ?? issueRateAtMost(input, latency), {
    latency,
    ttft,
    chunkGap,
  });
  const throughput = readThroughput(input.extras) ?? null;
  const goodput = reportGoodput(input.extras);
  const done = workDone(throughput, options.steadyState ?? null);
  const meanInputTokens = inputs.kind === 'values' ? inputs.average : null;
  return {
    ...facts,
    throughput,
    conversations,
    goodput,
    until: readUntilEnd(input.extras) ?? null,
    servers: reportServers(input.extras),
    energy: reportEnergy(input.extras, done),
    cost: reportCost(options.pricePerHour ?? null, done, meanInputTokens, goodput),
    retries: readRetries(input.extras),
    agents: readAgents(input.extras),
    groups: reportGroups(input),
    shownSeries: SHOWN_SERIES.map(({ name, shownAs, unit }) => {
      return { name, label: shownAs, unit, series: series(name) };
    }),
    requestedRatePerSecond,
    issuedRatePerSecond: issueRate(input),
    steering,
    source: options.source ?? null,
    clientError:
      options.calibration === undefined
        ? null
        : findClientError(options.calibration, load, {
            workers: facts.client?.workers ?? null,
            lateP99Ms: facts.client?.lateP99Ms ?? null,
            connectsOtherwise: options.connectsOtherwise ?? false,
          }),
    errorBounds: clientErrorBounds(
      input.extras,
      { ttft, tpot, latency, chunkGap },
      requestedRatePerSecond !== null,
    ),
    chunkGap,
    responseTtft: series('response_ttft_ns'),
    responseLatency: series('response_latency_ns'),
    issueDelay: series('issue_delay_ns'),
    ttftContent: series('ttft_content_ns'),
    ttftReasoning: series('ttft_reasoning_ns'),
    ttftTool: series('ttft_tool_ns'),
    ttftRefusal: series('ttft_refusal_ns'),
    cachedTokens: series('cached_tokens'),
    reasoningTokens: series('reasoning_tokens'),
    acceptedPredictionTokens: series('accepted_prediction_tokens'),
  };
}

function verdictOf(
  input: SnapshotInput,
  options: ReportOptions,
  {
    samples,
    ttft,
    tpot,
    latency,
    outputSequenceLengths,
    own,
  }: Pick<Report, 'samples' | 'ttft' | 'tpot' | 'latency' | 'outputSequenceLengths' | 'own'>,
): Verdict {
  const facts: VerdictFacts = {
    state: input.state,
    pendingTaskCount: input.pendingTaskCount,
    stoppedEarly: options.stoppedEarly ?? false,
    endReason: own?.run.endReason ?? null,
    samples,
    mostFrequentError: own?.errorsByType.find(({ type }) => !isCancellation(type))?.type ?? null,
    agents: own?.agents ?? [],
    isSampleLimitReached: own?.engine?.isSampleLimitReached ?? false,
    lostFrames: own?.eventStream?.lostFrames ?? 0,
    corruptBytes: own?.eventStream?.corruptBytes ?? 0,
    malformedFrames: own?.eventStream?.malformedFrames ?? 0,
    tornBytes: options.tornBytes ?? own?.eventStream?.tornBytes ?? 0,
    client: own?.client ?? null,
    loadGenerator: own?.run.publishedBy?.loadGenerator ?? null,
    isAggregated: own !== null && isAggregated(own.run),
    reception: own?.reception ?? null,
    steering: own?.steering ?? null,
    retries: own?.retries ?? null,
    requestedRatePerSecond: highestRate(
      own?.requestedRatePerSecond ?? options.requestedRatePerSecond ?? null,
      own?.steering ?? null,
    ),
    hasConversations: (own?.conversations ?? null) !== null,
    doesRateChange: own?.run.doesRateChange ?? false,
    maxInFlight: own?.run.maxInFlight ?? null,
    issueRateAtMostPerSecond: own?.issuedRatePerSecond ?? issueRateAtMost(input, latency),
    issueDelayP99Ns: own === null ? null : percentileOf(own.issueDelay, 99),
    clientLimitErrors: own?.errorsByType.find(({ type }) => type === CLIENT_LIMIT_ERROR_TYPE)?.count ?? 0,
    medianResponseLatencyNs: own === null ? null : medianOf(own.responseLatency),
    medianServiceNs: medianOf(ttft) ?? medianOf(latency),
    latencyCount: latency.kind === 'values' ? latency.count : 0,
    claimedPercentile: highestPercentile(options.slos ?? ownSlos(input.extras)),
    outputLimit: options.outputLimit ?? own?.run.outputLimit ?? null,
    outputTokens: lengthsOf(outputSequenceLengths),
    responses: own?.responses ?? null,
    isCounted: !lacksCounts(own),
    isEndpointHere: own?.run.isEndpointHere ?? false,
    skippedRows: options.skippedRows ?? own?.run.skippedRows ?? 0,
    echoRows: options.echoRows ?? 0,
    clientError: own?.errorBounds ?? null,
    metrics: metricsOf({
      ttft: ttft.kind === 'values',
      tpot: tpot.kind === 'values',
      chunk_gap: own?.chunkGap.kind === 'values',
      latency: latency.kind === 'values',
      throughput: latency.kind === 'values',
    }),
  };
  return drawVerdict(facts, judgedMetrics(input.extras));
}

/** Responses are text of a run of ours, and nobody counted their tokens. */
function lacksCounts(own: OwnReport | null): boolean {
  if (own === null || own.run.publishedBy !== null || own.run.tokenizerNotOpened !== null) return false;
  return hasTokens(own.run.responseKind) && Object.keys(own.tokenSources.osl ?? {}).length === 0;
}

function metricsOf(has: Readonly<Record<JudgedMetric, boolean>>): readonly JudgedMetric[] {
  return JUDGED_METRICS.filter((metric) => has[metric]);
}

/** Those the run was told to be judged by; all, when it was not. */
function judgedMetrics({ run }: SnapshotInput['extras']): readonly JudgedMetric[] {
  const { judge } = (run ?? {}) as { readonly judge?: unknown };
  return Array.isArray(judge) ? JUDGED_METRICS.filter((metric) => judge.includes(metric)) : JUDGED_METRICS;
}

/** Those the run was started with. */
function ownSlos({ run }: SnapshotInput['extras']): readonly Slo[] {
  return slosOf((run as { readonly slo?: unknown } | undefined)?.slo);
}

function lengthsOf(series: SeriesReport): { readonly median: number; readonly max: number } | null {
  const median = medianOf(series);
  if (series.kind !== 'values' || median === null || series.max === null) return null;
  return { median, max: Number(series.max) };
}

/** Samples issued a second while there were any to issue; null for a snapshot that does not tell. */
function issueRate(input: SnapshotInput): number | null {
  const { issuing_ns: issuingNs } = input.extras;
  const issued = Number(input.counter('tracked_samples_issued'));
  return typeof issuingNs === 'number' && issuingNs > 0 ? perSecond(issued - 1, issuingNs) : null;
}

/**
 * Samples issued a second, or more than that. The window from the first issue to the completion of the last-issued sample is
 * longer than the issuing took by the latency of that sample, which is the longest one at most.
 */
function issueRateAtMost(input: SnapshotInput, latency: SeriesReport): number | null {
  const windowNs = Number(input.counter('legacy_loadgen_window_duration_ns'));
  const longestNs = latency.kind === 'values' && latency.max !== null ? Number(latency.max) : 0;
  const issued = Number(input.counter('tracked_samples_issued'));
  if (issued < 2 || windowNs <= longestNs) return null;
  return perSecond(issued - 1, windowNs - longestNs);
}
