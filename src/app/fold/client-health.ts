import type { ClientMoment } from '../../aggregator/history-recorder.ts';
import type { ConnectionTimes } from '../../core/connection-stages.ts';
import { NS_PER_MS, NS_PER_US } from '../../core/time.ts';
import type { Pacing } from '../../engine/settings.ts';
import type { WorkerHealth } from '../../engine/worker-messages.ts';
import type { Json } from '../../metrics/snapshot.ts';
import { LatenessMixture } from '../../stats/lateness-mixture.ts';
import type { SparseCounts } from '../../stats/lateness-counts.ts';
import { VERDICT_LIMITS } from '../../report/verdict/verdict-limits.ts';

/** Content of a `health` frame: what one engine worker tells of itself about once a second, and when a phase begins and ends. */
export interface HealthReport {
  readonly worker: number;
  /** It is about a part of a performance phase. */
  readonly measured: boolean;
  /** Events of samples in that time. */
  readonly events: number;
  /** When the time it is about ended, ns since the run's origin, and how long that was, ms. */
  readonly at_ns: number;
  readonly elapsed_ms: number;
  readonly event_loop_delay_p99_ms: number;
  readonly event_loop_delay_max_ms: number;
  /** Position k: how long an event that came would have been handled more than 2^k ms later, ms. */
  readonly late_ms_beyond: readonly number[];
  readonly gc_pause_max_ms: number;
  readonly gc_total_ms: number;
  /** Shares of one core, 0 to 1: the thread's use of it, without what went into waiting for due times, which is the second. */
  readonly cpu_share: number | null;
  readonly spin_share: number;
  /** Share of the time the thread had no core and could have used one; null where the system does not tell. */
  readonly cpu_wait_share: number | null;
  /** How far the wall clock went from the monotonic one, ms. */
  readonly clock_step_ms: number;
  /** Samples of open loop by how late the issuer turned to them: position b > 0 for 2^(b − 1) to below 2^b µs. */
  readonly send_delay_counts: readonly number[];
  readonly pacing: Pacing;
  /** Since the start of the run. */
  readonly connections_opened: number;
  readonly connect_failures: number;
  /** Of the connections opened since the last report, and of first requests sent on them. */
  readonly connection_times?: ConnectionTimes;
  /** How long attempts to connect were put off, as those before had failed, over all endpoints, ms. */
  readonly connect_back_off_ms: number;
  /** How long reading requests from the file of a dataset larger than memory has taken; missing where there is none. */
  readonly request_read_ms?: number | undefined;
  /** Samples that got another connection because the server had closed the first before their request reached it. */
  readonly resent: number;
  /** Messages that a server sent behind the terminator of a stream. */
  readonly stray_messages: number;
  /** Endpoints whose connections carry one request each, as the server closes them. */
  readonly single_use_endpoints: number;
  /** The name in a response of a model that no request asked for; missing where there was none. */
  readonly other_model?: string;
  /** How late the worker read; null without probes. Counts by bucket: position and count by turns, see `LatenessCounts`. */
  readonly lateness?: {
    readonly reads: number;
    readonly together: number;
    readonly late: SparseCounts;
    readonly unseen: SparseCounts;
    readonly waits: SparseCounts;
  } | null;
}

/** Content of a `health` frame by the main thread: a worker's event loop stood still. */
export interface StuckReport {
  readonly worker: number;
  /** For how long so far, ms. */
  readonly stuck_ms: number;
  readonly at_ns: number;
}

export function isStuckReport(report: object): report is StuckReport {
  return 'stuck_ms' in report;
}

export function healthReportOf(
  worker: number,
  health: WorkerHealth,
  pacing: Pacing,
  atNs: number,
): HealthReport {
  return {
    worker,
    measured: health.isMeasured,
    events: health.events,
    at_ns: atNs,
    elapsed_ms: health.elapsedMs,
    event_loop_delay_p99_ms: health.loopDelayP99Ms,
    event_loop_delay_max_ms: health.loopDelayMaxMs,
    late_ms_beyond: health.lateMsBeyond,
    gc_pause_max_ms: health.gcPauseMaxMs,
    gc_total_ms: health.gcTotalMs,
    cpu_share: health.cpuShare,
    spin_share: health.spinShare,
    cpu_wait_share: health.cpuWaitShare,
    clock_step_ms: health.clockStepMs,
    send_delay_counts: health.sendDelayCounts,
    pacing,
    connections_opened: health.connectionsOpened,
    connect_failures: health.connectFailures,
    connection_times: health.connectionTimes,
    connect_back_off_ms: health.connectBackOffMs,
    ...(health.requestReadMs === 0 ? {} : { request_read_ms: health.requestReadMs }),
    resent: health.resent,
    stray_messages: health.strayMessages,
    single_use_endpoints: health.singleUseEndpoints,
    ...(health.otherModel === undefined ? {} : { other_model: health.otherModel }),
    lateness: health.lateness ?? null,
  };
}

/** What a log of an earlier version has: the rest came later. */
export type AnyHealthReport = Pick<
  HealthReport,
  | 'worker'
  | 'event_loop_delay_p99_ms'
  | 'event_loop_delay_max_ms'
  | 'gc_pause_max_ms'
  | 'cpu_share'
  | 'connections_opened'
  | 'connect_failures'
> &
  Partial<HealthReport>;

/** The percentile of lateness a verdict looks at. */
const LATE_SHARE = 0.01;
/** The CPU shares of a shorter time say nothing. */
const MIN_CPU_MS = 500;
const USUAL_ELAPSED_MS = 1000;
const LEAST_GC_TIME_MS = 1000;

/** What a report says of the time it is about. `latestNs`: how far the run has got, for a report of an earlier version. */
export function clientMomentOf(report: AnyHealthReport, latestNs: number): ClientMoment {
  const { at_ns: toNs = latestNs, elapsed_ms: elapsedMs = USUAL_ELAPSED_MS } = report;
  const isLongEnough = elapsedMs >= MIN_CPU_MS;
  return {
    fromNs: toNs - elapsedMs * NS_PER_MS,
    toNs,
    event_loop_delay_max_ms: report.event_loop_delay_max_ms,
    late_p99_ms: lateP99Ms(report),
    gc_ms: report.gc_pause_max_ms,
    cpu_share: isLongEnough ? report.cpu_share : null,
    cpu_wait_share: isLongEnough ? (report.cpu_wait_share ?? null) : null,
  };
}

/** How late the worker read 1 % of what came, by its probes; null without any. */
function lateP99Ms({ lateness }: AnyHealthReport): number | null {
  if (!lateness || lateness.late.length === 0) return null;
  const mixture = new LatenessMixture();
  mixture.add(1, lateness.late);
  return mixture.quantileNs(1 - LATE_SHARE) / NS_PER_MS;
}

/** One worker over the performance phases. */
class WorkerTotals {
  elapsedMs = 0;
  busyMs = 0;
  gcTotalMs = 0;
  readonly lateMsBeyond: number[] = [];

  /** What an event's handling was late by, or more, in 1 % of the time, ms; below 1 ms is 0. */
  lateP99Ms(): number {
    const allowedMs = LATE_SHARE * this.elapsedMs;
    const step = this.lateMsBeyond.findIndex((lateMs) => lateMs <= allowedMs);
    if (step <= 0) return step === 0 || this.lateMsBeyond.length === 0 ? 0 : 2 ** this.lateMsBeyond.length;
    const [above, below] = [this.lateMsBeyond[step - 1]!, this.lateMsBeyond[step]!];
    return 2 ** (step - 1) * (1 + (above - allowedMs) / (above - below));
  }
}

/** The worst of the client over the performance phases: what a verdict needs. */
export class ClientHealth {
  readonly #latest = new Map<number, AnyHealthReport>();
  readonly #totals = new Map<number, WorkerTotals>();
  readonly #sendDelayCounts: number[] = [];
  #loopDelayP99Ms = 0;
  #loopDelayMaxMs = 0;
  #gcPauseMaxMs = 0;
  #cpuShareMax: number | null = null;
  #cpuWaitMax: number | null = null;
  #clockStepMs = 0;
  #stuckMaxMs = 0;

  foldStuck({ stuck_ms: stuckMs }: StuckReport): void {
    this.#stuckMaxMs = Math.max(this.#stuckMaxMs, stuckMs);
  }

  fold(report: AnyHealthReport): void {
    this.#latest.set(report.worker, report);
    if (report.measured === false) return;
    this.#loopDelayP99Ms = Math.max(this.#loopDelayP99Ms, report.event_loop_delay_p99_ms);
    this.#loopDelayMaxMs = Math.max(this.#loopDelayMaxMs, report.event_loop_delay_max_ms);
    this.#gcPauseMaxMs = Math.max(this.#gcPauseMaxMs, report.gc_pause_max_ms);
    const stepMs = Math.abs(report.clock_step_ms ?? 0);
    this.#clockStepMs = Math.max(this.#clockStepMs, stepMs);
    addTo(this.#sendDelayCounts, report.send_delay_counts ?? []);
    if (!isIdle(report)) this.#foldTotals(report);
  }

  #foldTotals(report: AnyHealthReport): void {
    const {
      worker,
      elapsed_ms: elapsedMs = 0,
      cpu_share: cpuShare,
      cpu_wait_share: waitShare = null,
    } = report;
    const totals = this.#totals.get(worker) ?? new WorkerTotals();
    this.#totals.set(worker, totals);
    totals.elapsedMs += elapsedMs;
    totals.gcTotalMs += report.gc_total_ms ?? 0;
    addTo(totals.lateMsBeyond, report.late_ms_beyond ?? []);
    if (cpuShare === null || elapsedMs < MIN_CPU_MS) return;
    this.#cpuShareMax = Math.max(this.#cpuShareMax ?? 0, cpuShare);
    if (waitShare !== null) this.#cpuWaitMax = Math.max(this.#cpuWaitMax ?? 0, waitShare);
    if (cpuShare + (waitShare ?? 0) >= VERDICT_LIMITS.busyWorker) totals.busyMs += elapsedMs;
  }

  /** Null as long as no worker reported. */
  summary(): Json {
    if (this.#latest.size === 0 && this.#stuckMaxMs === 0) return null;
    const workers = [...this.#latest.values()];
    const totals = [...this.#totals.values()];
    const worst = (valueOf: (worker: WorkerTotals) => number) => Math.max(0, ...totals.map(valueOf));
    const shareOf = (ms: number, { elapsedMs }: WorkerTotals) => (elapsedMs > 0 ? ms / elapsedMs : 0);
    return {
      workers: workers.length,
      pacing: workers[0]?.pacing ?? null,
      event_loop_delay_p99_ms: this.#loopDelayP99Ms,
      event_loop_delay_max_ms: this.#loopDelayMaxMs,
      late_p99_ms: worst((worker) => worker.lateP99Ms()),
      send_delay_p99_ns: delayP99Ns(this.#sendDelayCounts),
      gc_pause_max_ms: this.#gcPauseMaxMs,
      // Of a second at least: one pause in a run of 100 ms is no share of the time.
      gc_share: worst(({ gcTotalMs, elapsedMs }) => gcTotalMs / Math.max(LEAST_GC_TIME_MS, elapsedMs)),
      worker_cpu_max: this.#cpuShareMax,
      worker_cpu_wait_max: this.#cpuWaitMax,
      busy_share: worst((worker) => shareOf(worker.busyMs, worker)),
      clock_step_ms: this.#clockStepMs,
      stuck_max_ms: this.#stuckMaxMs,
      connections_opened: workers.reduce((sum, { connections_opened: opened }) => sum + opened, 0),
      connect_failures: workers.reduce((sum, { connect_failures: failed }) => sum + failed, 0),
      connect_back_off_ms: workers.reduce((sum, { connect_back_off_ms: ms = 0 }) => sum + ms, 0),
      request_read_ms: workers.reduce((sum, { request_read_ms: ms = 0 }) => sum + ms, 0),
      resent: workers.reduce((sum, { resent = 0 }) => sum + resent, 0),
      stray_messages: workers.reduce((sum, { stray_messages: stray = 0 }) => sum + stray, 0),
      single_use_endpoints: Math.max(0, ...workers.map(({ single_use_endpoints: count = 0 }) => count)),
      ...otherModelOf(workers),
    };
  }
}

function otherModelOf(workers: readonly AnyHealthReport[]): { readonly other_model?: string } {
  const name = workers.find(({ other_model: other }) => other !== undefined)?.other_model;
  return name === undefined ? {} : { other_model: name };
}

/**
 * Nothing happened, and nothing would have been late: a pause, or a drain that waits for one answer. Shares of the time are of the rest, else a
 * client that was hopelessly late would be good enough if only it had waited long enough afterwards.
 */
function isIdle({ events, event_loop_delay_max_ms: delayMs }: AnyHealthReport): boolean {
  return events === 0 && delayMs <= VERDICT_LIMITS.lateFloorMs;
}

function addTo(sums: number[], values: readonly number[]): void {
  for (const [index, value] of values.entries()) sums[index] = (sums[index] ?? 0) + value;
}

/** The value at rank ⌊(n − 1)·0.99⌋ of counts in powers of two of a µs, as if they lay evenly in their bucket; null without any. */
function delayP99Ns(counts: readonly number[]): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let rank = Math.floor((total - 1) * (1 - LATE_SHARE));
  let bucket = 0;
  for (; rank >= counts[bucket]!; bucket++) rank -= counts[bucket]!;
  const [lowUs, highUs] = bucket === 0 ? [0, 1] : [2 ** (bucket - 1), 2 ** bucket];
  return Math.round((lowUs + ((highUs - lowUs) * (rank + 0.5)) / counts[bucket]!) * NS_PER_US);
}
