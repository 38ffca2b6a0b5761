import type { ClientErrorBounds } from './client-error.ts';
import { inFlightByLittle, littleError, type Throughput } from '../core/throughput.ts';
import { quantilesToJson } from '../metrics/snapshot-json.ts';
import type { ConversationReport } from './conversation-report.ts';
import { outputLengthOf } from './output-length.ts';
import { audioReport, type AudioReport } from './audio-report.ts';
import { costToJson } from './cost-report.ts';
import { energyToJson } from './energy-report.ts';
import { goodputToJson } from './goodput-report.ts';
import { serversToJson } from './server-report.ts';
import type { SteadyState } from './steady-state.ts';
import { untilToJson } from './until-report.ts';
import type { DimensionReport } from './group-report.ts';
import { type ItemReport, itemReport } from './item-report.ts';
import { clientErrorToJson } from './error-bound.ts';
import type { PublishedByFacts } from './run-facts.ts';
import type { OwnReport, Report } from './report.ts';
import { retriesToJson } from './retry-facts.ts';
import type { ReplayFacts } from './replay-facts.ts';
import { responseFactsToJson } from './response-facts.ts';
import type { SloVerdict } from '../rules/slo-verdict.ts';
import type { SampleAccount } from './sample-account.ts';
import type { SeriesReport } from './series-report.ts';

/** Keys of ours in result_summary.json, behind the reference's; there when the snapshot was ours. */
export const OWN_REPORT_KEYS = [
  'verdict',
  'run',
  'source',
  'samples',
  'throughput',
  'conversations',
  'requested_rate_per_second',
  'issued_rate_per_second',
  'steering',
  'response_ttft',
  'response_latency',
  'issue_delay',
  'chunk_delta',
  'ttft_content',
  'ttft_reasoning',
  'ttft_tool',
  'ttft_refusal',
  'cached_tokens',
  'reasoning_tokens',
  'accepted_prediction_tokens',
  'series',
  'errors_by_type',
  'token_sources',
  'event_stream',
  'reception',
  'client',
  'responses',
  'client_error',
  'client_bounds',
] as const;

/** Keys of ours in the block of a series, behind the reference's. */
export const OWN_SERIES_KEYS = ['count', 'quantiles'] as const;

/** The report as in result_summary.json: the reference's keys in its order, then ours. Integers may be bigints. */
export function reportToJson(report: Report): Record<string, unknown> {
  return {
    version: report.version,
    git_sha: report.gitSha,
    // The reference has this key and never a time in it; ours is `run.started_at`.
    test_started_at: 0,
    n_samples_issued: report.samplesIssued,
    n_samples_completed: report.samplesCompleted,
    n_samples_failed: report.samplesFailed,
    duration_ns: report.durationNs,
    state: report.state,
    complete: report.complete,
    ttft: seriesToJson(report.ttft),
    tpot: seriesToJson(report.tpot),
    latency: seriesToJson(report.latency),
    output_sequence_lengths: seriesToJson(report.outputSequenceLengths),
    input_sequence_lengths: seriesToJson(report.inputSequenceLengths),
    legacy_loadgen_window_duration_ns: report.legacyLoadgenWindowDurationNs,
    qps: report.qps,
    tps: report.tps,
    finish_reason_counts: report.finishReasonCounts,
    run_config: report.runConfig,
    ...(report.own === null ? {} : ownToJson(report, report.own)),
  };
}

/** The content of result_summary.json: indented by 2, integers in full, whatever is not finite as null. */
export function resultSummaryText(report: Report): string {
  return `${exactJson(reportToJson(report), 2)}\n`;
}

/** JSON with integers in full. */
export function exactJson(value: unknown, indent = 0): string {
  const exact = (_key: string, member: unknown) =>
    typeof member === 'bigint' ? rawJson(String(member)) : member;
  return JSON.stringify(value, exact, indent);
}

function ownToJson(report: Report, own: OwnReport): Record<(typeof OWN_REPORT_KEYS)[number], unknown> {
  const { run, eventStream, client, steering } = own;
  const [items, audio] = [itemReport(report), audioReport(report)];
  const outputLength = outputLengthOf(report);
  return {
    verdict: report.verdict,
    run: {
      ...{ run_id: run.runId, started_at: run.startedAt, planned_samples: run.plannedSamples },
      ...(run.proxies.length > 0 && { proxies: run.proxies }),
      ...(run.replay && { replay: replayToJson(run.replay) }),
      ...(run.publishedBy && publishedByToJson(run.publishedBy)),
    },
    source: own.source,
    samples: samplesToJson(report.samples),
    ...(report.slos.length > 0 && { slos: report.slos.map(sloToJson) }),
    throughput: own.throughput && throughputToJson(own.throughput),
    ...(items && { items: itemsToJson(items) }),
    ...(audio && { audio: audioToJson(audio) }),
    ...(outputLength && {
      output_length: {
        requested_mean: outputLength.requested,
        delivered_mean: outputLength.delivered,
      },
    }),
    conversations: own.conversations && conversationsToJson(own.conversations),
    ...(own.retries && { retries: retriesToJson(own.retries) }),
    ...(report.steadyState && { steady_state: steadyToJson(report.steadyState, report.steadySlos) }),
    ...(own.servers && { server_metrics: serversToJson(own.servers) }),
    ...(own.energy && { energy: energyToJson(own.energy) }),
    ...(own.cost && { cost: costToJson(own.cost) }),
    ...(own.until && { until: untilToJson(own.until) }),
    ...(own.goodput && { goodput: goodputToJson(own.goodput) }),
    ...(own.groups.length > 0 && { groups: own.groups.map(dimensionToJson) }),
    requested_rate_per_second: own.requestedRatePerSecond,
    issued_rate_per_second: own.issuedRatePerSecond,
    steering: steering && {
      rates_per_second: steering.ratesPerSecond,
      concurrencies: steering.concurrencies,
      pauses: steering.pauses,
      paused_ns: steering.pausedNs,
    },
    response_ttft: seriesToJson(own.responseTtft),
    response_latency: seriesToJson(own.responseLatency),
    issue_delay: seriesToJson(own.issueDelay),
    chunk_delta: seriesToJson(own.chunkGap),
    ttft_content: seriesToJson(own.ttftContent),
    ttft_reasoning: seriesToJson(own.ttftReasoning),
    ttft_tool: seriesToJson(own.ttftTool),
    ttft_refusal: seriesToJson(own.ttftRefusal),
    cached_tokens: seriesToJson(own.cachedTokens),
    reasoning_tokens: seriesToJson(own.reasoningTokens),
    accepted_prediction_tokens: seriesToJson(own.acceptedPredictionTokens),
    series: Object.fromEntries(
      own.shownSeries
        .filter(({ series }) => series.kind === 'values')
        .map(({ name, series }) => [name, seriesToJson(series)]),
    ),
    errors_by_type: own.errorsByType,
    token_sources: own.tokenSources,
    event_stream: eventStream && {
      frames: eventStream.frames,
      heals: eventStream.heals,
      healed_frames: eventStream.healedFrames,
      lost_frames: eventStream.lostFrames,
      torn_bytes: eventStream.tornBytes,
      corrupt_bytes: eventStream.corruptBytes,
      malformed_frames: eventStream.malformedFrames,
      aggregator_restarts: eventStream.aggregatorRestarts,
    },
    reception: own.reception && {
      resumed: own.reception.resumed,
      frames_missed: own.reception.framesMissed,
      reconnected: own.reception.reconnected,
      publishers_lost: own.reception.publishersLost,
      messages_refused: own.reception.messagesRefused,
      messages_unread: own.reception.messagesUnread,
      records_unread: own.reception.recordsUnread,
    },
    client: client && {
      workers: client.workers,
      pacing: client.pacing,
      connections_opened: client.connectionsOpened,
      connect_failures: client.connectFailures,
      connect_back_off_ms: client.connectBackOffMs,
      request_read_ms: client.requestReadMs,
      resent: client.resent,
      stray_messages: client.strayMessages,
      ...(client.otherModel === null ? {} : { other_model: client.otherModel }),
      single_use_endpoints: client.singleUseEndpoints,
      event_loop_delay_p99_ms: client.eventLoopDelayP99Ms,
      event_loop_delay_max_ms: client.eventLoopDelayMaxMs,
      late_p99_ms: client.lateP99Ms,
      send_delay_p99_ns: client.sendDelayP99Ns,
      gc_pause_max_ms: client.gcPauseMaxMs,
      gc_share: client.gcShare,
      worker_cpu_max: client.workerCpuMax,
      worker_cpu_wait_max: client.workerCpuWaitMax,
      busy_share: client.busyShare,
      clock_step_ms: client.clockStepMs,
      stuck_max_ms: client.stuckMaxMs ?? null,
    },
    responses: own.responses && responseFactsToJson(own.responses),
    client_error: own.clientError && clientErrorToJson(own.clientError),
    client_bounds: own.errorBounds && errorBoundsToJson(own.errorBounds),
  };
}

function audioToJson({ secondsPerResponse, secondsPerSecond, bytesPerResponse }: AudioReport) {
  return {
    seconds_per_second: secondsPerSecond,
    seconds_per_response: secondsPerResponse,
    ...(bytesPerResponse === null ? {} : { bytes_per_response: bytesPerResponse }),
  };
}

function itemsToJson({ kind, perResponse, perSecond, inputTokensPerSecond, ...more }: ItemReport) {
  const { dimensions, bytesPerResponse } = more;
  return {
    kind,
    per_response: perResponse,
    per_second: perSecond,
    input_tokens_per_second: inputTokensPerSecond,
    ...(bytesPerResponse === null ? {} : { bytes_per_response: bytesPerResponse }),
    ...(dimensions && { dimensions: { min: dimensions[0], max: dimensions[1] } }),
  };
}

/** Times in ns, shares of 1, rates a second. */
function sloToJson({ slo, outcome, unit, value, interval, withClient, reason }: SloVerdict) {
  return {
    ...{ slo, outcome, unit, value },
    interval: [interval.low, interval.high],
    interval_with_client: [withClient.low, withClient.high],
    reason,
  };
}

function conversationsToJson({ latency, byTurn, ...counts }: ConversationReport) {
  return {
    begun: counts.begun,
    completed: counts.completed,
    failed: counts.failed,
    cut_off: counts.cutOff,
    turns_planned: counts.turnsPlanned,
    turns_issued: counts.turnsIssued,
    turns_skipped: counts.turnsPlanned - counts.turnsIssued,
    completed_per_second: counts.completedPerSecond,
    latency: seriesToJson(latency),
    by_turn: byTurn.map((turn) => ({
      positions: turn.positions,
      ttft: seriesToJson(turn.ttft),
      latency: seriesToJson(turn.latency),
      input_tokens: seriesToJson(turn.inputTokens),
      cached_tokens: seriesToJson(turn.cachedTokens),
      cacheable_tokens: seriesToJson(turn.cacheableTokens),
    })),
  };
}

function dimensionToJson({ dimension, groups }: DimensionReport) {
  return {
    dimension,
    groups: groups.map(({ facts, ttft, tpot, latency }) => ({
      ...facts,
      ...{ ttft: seriesToJson(ttft), tpot: seriesToJson(tpot), latency: seriesToJson(latency) },
    })),
  };
}

function errorBoundsToJson({ told, metrics, throughputShare }: ClientErrorBounds) {
  return {
    probes: told.probes,
    late_p50_ns: told.late_p50_ns,
    late_p99_ns: told.late_p99_ns,
    late_max_ns: told.late_max_ns,
    completion_late_mean_ns: told.completion_late_mean_ns,
    throughput_lowered_share: throughputShare,
    metrics: Object.fromEntries(
      metrics.map(({ metric, figures }) => [
        metric,
        Object.fromEntries(
          figures.map(({ percentile, addedNs, missingNs }) => [
            `${percentile}.0`,
            { added_ns: addedNs, missing_ns: missingNs },
          ]),
        ),
      ]),
    ),
    series: told.series,
  };
}

function throughputToJson(throughput: Throughput) {
  return {
    ...throughput,
    in_flight_by_little: inFlightByLittle(throughput),
    little_error: littleError(throughput),
  };
}

function publishedByToJson({ addresses, loadGenerator, missing }: PublishedByFacts) {
  return {
    ...(addresses.length > 0 && { publishers: addresses }),
    ...(loadGenerator !== null && { load_generator: loadGenerator, not_recorded: missing }),
  };
}

function samplesToJson(samples: SampleAccount) {
  const { issued, succeeded, errored, cancelled, cancelledByPlan, notSent, inFlight, unaccounted, missing } =
    samples;
  return {
    issued,
    succeeded,
    errored,
    cancelled,
    cancelled_by_plan: cancelledByPlan,
    not_sent: notSent,
    in_flight: inFlight,
    unaccounted,
    missing,
  };
}

function seriesToJson(series: SeriesReport): Record<string, unknown> {
  const { earlyStoppingPercentiles } = series;
  const earlyStopping =
    earlyStoppingPercentiles === null ? {} : { early_stopping_percentiles: earlyStoppingPercentiles };
  if (series.kind === 'empty') return earlyStopping;
  return {
    total: series.total,
    min: series.min,
    max: series.max,
    median: series.median,
    avg: series.average,
    std_dev: series.standardDeviation,
    percentiles: series.percentiles,
    ...earlyStopping,
    histogram: series.histogram,
    count: series.count,
    ...(series.quantiles === null ? {} : { quantiles: quantilesToJson(series.quantiles) }),
  };
}

/** Text that `JSON.stringify` copies as it is; in V8 since Node 21 and not yet in the types of the language. */
function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}

function replayToJson(replay: ReplayFacts): Record<string, unknown> {
  const { trace, speed, idleCapMs, fromMs, toMs, arrivals, spanNs } = replay;
  return {
    ...{ trace, speed, idle_cap_ms: idleCapMs, from_ms: fromMs, to_ms: toMs },
    ...{ arrivals, span_ns: spanNs },
  };
}

function steadyToJson(steady: SteadyState, slos: readonly SloVerdict[]) {
  const { isFound, chosen, fromNs, toNs, runStartNs, reason, tests, figures } = steady;
  return {
    ...{ found: isFound, chosen, from_ns: fromNs - runStartNs, to_ns: toNs - runStartNs, reason },
    tests: tests.map(({ label, drift, driftP, step, stepP, variation }) => {
      return { series: label, drift, drift_p: driftP, step, step_p: stepP, variation };
    }),
    ...(slos.length > 0 && { slos: slos.map(sloToJson) }),
    figures: figures && {
      ...{ issued: figures.issued, succeeded: figures.succeeded, errored: figures.errored },
      requests_per_second: figures.requestsPerSecond,
      output_tokens_per_second: figures.outputTokensPerSecond,
      ttft: seriesToJson(figures.ttft),
      tpot: seriesToJson(figures.tpot),
      latency: seriesToJson(figures.latency),
    },
  };
}
