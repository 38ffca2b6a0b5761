import { NS_PER_MS } from '../core/time.ts';
import type { SeriesReport } from './series-report.ts';

/** What a run puts on the client, as means over its time: what a calibrated cell is found by. */
export interface RunLoad {
  readonly requestsPerSecond: number;
  /** Requests in flight. */
  readonly streams: number;
  /** Of all streams together; 0 without streaming. */
  readonly chunksPerSecond: number;
}

/** Reported minus true, ns. The percentiles and the maximum are of its size, whichever the sign. */
export interface SeriesError {
  readonly count: number;
  /** Median with its sign. */
  readonly biasNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** The client's own error at one load; null where there was nothing to compare. */
export interface CalibratedCell {
  readonly load: RunLoad;
  /** Engine threads that shared the load. */
  readonly workers: number;
  /** Wall clock, ISO 8601. */
  readonly calibratedAt: string;
  readonly ttft: SeriesError | null;
  readonly chunkGap: SeriesError | null;
  readonly latency: SeriesError | null;
}

/** How a run went about its load; null where that is not known. */
export interface ClientAtWork {
  /** Engine threads. */
  readonly workers: number | null;
  /** In 1 % of the time an event that came was handled so late, or later. */
  readonly lateP99Ms: number | null;
  /** It spoke TLS or HTTP/2, or opened a connection for each request, neither of which calibrate does. */
  readonly connectsOtherwise: boolean;
}

/** What is known of the client's own error at the load of a run. */
export type ClientError =
  /** No calibration of this machine. */
  | { readonly kind: 'none' }
  /** The run was too short, or sent all at once: it has no mean load to look up. */
  | { readonly kind: 'no_load' }
  /** See {@link ClientAtWork.connectsOtherwise}. */
  | { readonly kind: 'other_connections' }
  /**
   * More than was calibrated; `largest` is the calibrated cell with most chunks a second. `workers`: those of the run, when they
   * were fewer than those of that cell.
   */
  | {
      readonly kind: 'beyond';
      readonly load: RunLoad;
      readonly largest: CalibratedCell;
      readonly workers?: number;
    }
  /** `lateMs`: the run's own p99 of lateness, when it refutes the bound. */
  | {
      readonly kind: 'bound';
      readonly load: RunLoad;
      readonly cell: CalibratedCell;
      readonly lateMs?: number;
    };

/** A cell stands for a run that exceeds it by no more than this: a mean is never met exactly. */
const TOLERANCE = 1.05;
/** Lateness is read off timers, which come up to 1.2 ms late on a thread that has nothing to do. */
const LATE_OF_NO_ACCOUNT_MS = 2;

const UNKNOWN_CLIENT: ClientAtWork = { workers: null, lateP99Ms: null, connectsOtherwise: false };

/**
 * The bound for a load: the calibrated cell with the fewest chunks, then requests, then streams among those that have at
 * least as much of each as the run, in all and for each engine thread. `load` is null where the run has none to look up.
 */
export function findClientError(
  cells: readonly CalibratedCell[],
  load: RunLoad | null,
  { workers, lateP99Ms, connectsOtherwise }: ClientAtWork = UNKNOWN_CLIENT,
): ClientError {
  const [largest] = [...cells].sort((a, b) => compareLoads(b.load, a.load));
  if (largest === undefined) return { kind: 'none' };
  if (connectsOtherwise) return { kind: 'other_connections' };
  if (load === null) return { kind: 'no_load' };
  const [cell] = cells
    .filter((candidate) => covers(candidate.load, loadOver(load, workers, candidate.workers)))
    .sort((a, b) => compareLoads(a.load, b.load));
  if (cell === undefined) {
    const isFewer = workers !== null && workers < largest.workers;
    return { kind: 'beyond', load, largest, ...(isFewer ? { workers } : {}) };
  }
  const isRefuted = lateP99Ms !== null && lateP99Ms * NS_PER_MS > largestP99Ns(cell);
  return { kind: 'bound', load, cell, ...(isRefuted ? { lateMs: lateP99Ms } : {}) };
}

/** The load that gives each of `cellWorkers` threads as much to do as each of fewer had; the same for as many or more. */
export function loadOver(load: RunLoad, workers: number | null, cellWorkers: number): RunLoad {
  const factor = Math.max(1, cellWorkers / (workers ?? cellWorkers));
  return {
    requestsPerSecond: factor * load.requestsPerSecond,
    streams: factor * load.streams,
    chunksPerSecond: factor * load.chunksPerSecond,
  };
}

function largestP99Ns({ ttft, chunkGap, latency }: CalibratedCell): number {
  const p99s = [ttft, chunkGap, latency].map((error) => error?.p99Ns ?? 0);
  return Math.max(LATE_OF_NO_ACCOUNT_MS * NS_PER_MS, ...p99s);
}

/**
 * The mean load of a run by Little's law, from its arrivals a second and its mean latency; null unless both are known. What
 * is derived holds for the time of steady load, not for the ramp at either end.
 */
export function loadOf(
  requestsPerSecond: number | null,
  series: { readonly latency: SeriesReport; readonly ttft: SeriesReport; readonly chunkGap: SeriesReport },
): RunLoad | null {
  const { latency, ttft, chunkGap } = series;
  if (requestsPerSecond === null || latency.kind === 'empty' || latency.average === null) return null;
  // The first chunk of a stream is in TTFT, the later ones in the gaps.
  const chunks = countOf(ttft) + countOf(chunkGap);
  return {
    requestsPerSecond,
    streams: requestsPerSecond * (latency.average / 1e9),
    chunksPerSecond: requestsPerSecond * (chunks / latency.count),
  };
}

function countOf(series: SeriesReport): number {
  return series.kind === 'empty' ? 0 : series.count;
}

function covers(cell: RunLoad, run: RunLoad): boolean {
  return (
    run.requestsPerSecond <= cell.requestsPerSecond * TOLERANCE &&
    run.streams <= cell.streams * TOLERANCE &&
    run.chunksPerSecond <= cell.chunksPerSecond * TOLERANCE
  );
}

function compareLoads(a: RunLoad, b: RunLoad): number {
  return (
    a.chunksPerSecond - b.chunksPerSecond ||
    a.requestsPerSecond - b.requestsPerSecond ||
    a.streams - b.streams
  );
}

/** As in result_summary.json: snake_case, times in ns. */
export function clientErrorToJson(error: ClientError): Record<string, unknown> {
  switch (error.kind) {
    case 'none':
    case 'no_load':
    case 'other_connections':
      return { kind: error.kind };
    case 'beyond':
      return { kind: error.kind, load: loadToJson(error.load), largest: cellToJson(error.largest) };
    case 'bound': {
      const { lateMs } = error;
      return {
        kind: error.kind,
        load: loadToJson(error.load),
        cell: cellToJson(error.cell),
        ...(lateMs === undefined ? {} : { late_ms: lateMs }),
      };
    }
  }
}

function cellToJson({ load, workers, calibratedAt, ttft, chunkGap, latency }: CalibratedCell) {
  return {
    calibrated_at: calibratedAt,
    workers,
    load: loadToJson(load),
    ttft: ttft && seriesErrorToJson(ttft),
    chunk_gap: chunkGap && seriesErrorToJson(chunkGap),
    latency: latency && seriesErrorToJson(latency),
  };
}

function loadToJson({ requestsPerSecond, streams, chunksPerSecond }: RunLoad) {
  return { requests_per_second: requestsPerSecond, streams, chunks_per_second: chunksPerSecond };
}

function seriesErrorToJson({ count, biasNs, p50Ns, p99Ns, maxNs }: SeriesError) {
  return { count, bias_ns: biasNs, p50_ns: p50Ns, p99_ns: p99Ns, max_ns: maxNs };
}
