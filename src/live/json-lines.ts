import type { LiveUpdate } from './live-update.ts';
import type { SloVerdict } from '../rules/slo-verdict.ts';
import type { LiveGroup, LiveQuantiles, LiveRow } from './view-model.ts';

/**
 * How a run stands as one flat object for machines, named as in files: snake case, units in the names, null where nobody knows.
 * Fields are only ever added. Described in docs/live.md.
 */
export function progressJson({ view, verdict }: LiveUpdate): Readonly<Record<string, unknown>> {
  return {
    type: 'progress',
    run_id: view.runId,
    state: view.state,
    phase: view.phase,
    is_warmup: view.warmingUp,
    is_paused: view.isPaused,
    elapsed_ns: Math.round(view.elapsedNs),
    remaining_ns: view.remainingNs === null ? null : Math.round(view.remainingNs),
    samples_planned: view.plannedSamples,
    samples_issued: view.issued,
    samples_succeeded: view.succeeded,
    samples_errored: view.errored,
    samples_cancelled: view.cancelled,
    samples_in_flight: view.inFlight,
    conversations_begun: view.conversations?.begun ?? null,
    conversations_completed: view.conversations?.completed ?? null,
    conversations_failed: view.conversations?.failed ?? null,
    conversations_under_way: view.conversations?.underWay ?? null,
    token_counts_pending: view.pendingTokenCounts,
    requested_rate_per_second: view.requestedRatePerSecond,
    load: view.load,
    requested_concurrency: view.requestedConcurrency,
    issued_per_second: view.issuedPerSecond,
    ended_per_second: view.endedPerSecond,
    succeeded_per_second: view.succeededPerSecond,
    output_tokens_per_second: view.outputTokensPerSecond,
    errors_by_type: Object.fromEntries(view.errors.map(({ type, count }) => [type, count])),
    ...(view.groups.length > 0 && { groups: view.groups.map(groupJson) }),
    ...(view.goodput !== null && { goodput: view.goodput }),
    series: Object.fromEntries(view.rows.map((row) => [row.series, rowJson(row)])),
    verdict: verdict?.level ?? null,
    findings: verdict?.findings ?? [],
    ...(verdict?.slos !== undefined && verdict.slos.length > 0 && { slos: verdict.slos.map(sloJson) }),
    verdict_by_metric: Object.fromEntries(
      (verdict?.metrics ?? []).map(({ metric, level }) => [metric, level]),
    ),
  };
}

/** `holds`: whether the value keeps its limit so far; null without a value. */
function sloJson({ slo, value, unit, holds }: SloVerdict) {
  return { slo, value, unit, holds };
}

function groupJson({ dimension, name, issued, succeeded, errored, ...group }: LiveGroup) {
  return {
    ...{ dimension, name, issued, succeeded, errored },
    output_tokens_per_second: group.outputTokensPerSecond,
    ...{ ttft_ns: quantilesJson(group.ttft), tpot_ns: quantilesJson(group.tpot) },
    latency_ns: quantilesJson(group.latency),
  };
}

function quantilesJson(quantiles: LiveQuantiles | null) {
  return quantiles && { p50: quantiles.p50, p99: quantiles.p99 };
}

function rowJson({ count, p50, p90, p99, p999, max }: LiveRow): Readonly<Record<string, number>> {
  return { count, p50, p90, p99, p99_9: p999, max };
}
