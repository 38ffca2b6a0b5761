import { BUCKETS_PER_DECADE, type LogDistribution, type RunHistory } from '../../../src/core/run-history.ts';
import type { LiveUpdate } from '../../../src/live/live-update.ts';
import type { LiveRow, LiveView } from '../../../src/live/view-model.ts';
import type { DashboardContent } from '../../../src/tui/content.ts';

/** A run of 90 s at 40 arrivals a second that slows down in its second half, without chance. */
const SECONDS = 90;
const MS = 1e6;

const wave = (second: number) => 1 + 0.2 * Math.sin(second / 3) + (second > 50 && second < 60 ? 1.5 : 0);
const eachSecond = (value: (second: number) => number) => Array.from({ length: SECONDS }, (_, i) => value(i));

function seriesOver(typicalNs: number): RunHistory['series'][string] {
  return {
    count: eachSecond(() => 40),
    p50: eachSecond((s) => typicalNs * wave(s)),
    p90: eachSecond((s) => 1.4 * typicalNs * wave(s)),
    p99: eachSecond((s) => 2 * typicalNs * wave(s)),
    max: eachSecond((s) => 3 * typicalNs * wave(s)),
  };
}

function distributionAround(typical: number): LogDistribution {
  const middle = Math.round(Math.log10(typical) * BUCKETS_PER_DECADE);
  const counts = Array.from({ length: 30 }, (_, i) => Math.round(400 * Math.exp(-(((i - 10) / 6) ** 2))));
  return { first: middle - 10, counts, zero: 0 };
}

function row(series: LiveRow['series'], label: string, typical: number, unit: LiveRow['unit'] = 'ns'): LiveRow {
  const percentiles = { p50: typical, p90: 1.4 * typical, p99: 2 * typical, p999: 2.6 * typical };
  return { series, label, unit, count: 3204, ...percentiles, max: 3 * typical };
}

const TYPICAL = {
  ttft_ns: 52.3 * MS,
  tpot_ns: 11.2 * MS,
  chunk_delta_ns: 10.9 * MS,
  sample_latency_ns: 812 * MS,
  response_ttft_ns: 53.1 * MS,
  response_latency_ns: 815 * MS,
  issue_delay_ns: 0.042 * MS,
} as const;

const LABELS = ['TTFT', 'TPOT', 'Chunk gap', 'Latency', 'Response TTFT', 'Response latency', 'Issue delay'];
const names = Object.keys(TYPICAL) as (keyof typeof TYPICAL)[];

const VIEW: LiveView = {
  groups: [],
  goodput: null,
  ...{ state: 'live', runId: 'a1b2c3d4e5f60718a1b2c3d4e5f60718', elapsedNs: 95e9, phase: 'performance' },
  ...{ warmingUp: false, isPaused: false, isStopping: false, issued: 3240, succeeded: 3198, errored: 6 },
  ...{ cancelled: 0, inFlight: 36, plannedSamples: 4800, load: null, planShare: 0.675, remainingNs: 39e9 },
  ...{ requestedRatePerSecond: 44, replaysTrace: false, requestedConcurrency: null, pendingTokenCounts: 0 },
  conversations: null,
  ...{ issuedPerSecond: 43.8, endedPerSecond: 43.2, succeededPerSecond: 43.1, outputTokensPerSecond: 3180 },
  endedPerSecondHistory: [],
  rows: names.map((name, i) => row(name, LABELS[i]!, TYPICAL[name])),
  errors: [
    { type: 'http_503', count: 5, example: 'busy' },
    { type: 'timeout', count: 1, example: 'no answer' },
  ],
  ...{ heals: 0, aggregatorRestarts: 0 },
};

const HISTORY: RunHistory = {
  ...{ format: 1, start_ns: 2e9, bin_ns: 1e9, end_ns: 92e9 },
  counts: {
    due: eachSecond((s) => (s < 60 ? 40 : 44)),
    issued: eachSecond((s) => (s < 60 ? 40 : s < 70 ? 40 : 44)),
    succeeded: eachSecond((s) => (s < 2 ? 20 : 40)),
    errored: eachSecond((s) => (s === 55 ? 6 : 0)),
    cancelled: eachSecond(() => 0),
    chunks: eachSecond(() => 2900),
    output_tokens: eachSecond((s) => 3000 / wave(s)),
  },
  in_flight_max: eachSecond((s) => Math.round(30 * wave(s))),
  series: Object.fromEntries(names.map((name) => [name, seriesOver(TYPICAL[name])])),
  client: {
    event_loop_delay_max_ms: eachSecond((s) => 1.2 * wave(s)),
    gc_ms: eachSecond(() => 2),
    cpu_share: eachSecond(() => 0.12),
    cpu_wait_share: eachSecond(() => 0),
  },
  marks: [
    { at_ns: 2e9, kind: 'phase', value: null, text: 'warmup' },
    { at_ns: 7e9, kind: 'phase', value: null, text: 'performance' },
    { at_ns: 40e9, kind: 'note', value: null, text: 'server restarted' },
    { at_ns: 62e9, kind: 'rate', value: 44, text: '' },
  ],
};

/** Every part of a dashboard has something to show. */
export const UPDATE: LiveUpdate = {
  view: VIEW,
  history: HISTORY,
  distributions: Object.fromEntries(names.map((name) => [name, distributionAround(TYPICAL[name])])),
  verdict: {
    level: 'degraded',
    findings: [
      {
        check: 'event_loop_stall',
        level: 'degraded',
        message:
          "a worker's event loop stood still for 61.0 ms once, where a median of 52.3 ms was measured: maxima may be the client's",
      },
      {
        check: 'failures_in_latency',
        level: 'note',
        message: 'latency and QPS count failed samples too, as the reference does; response latency does not',
      },
    ],
  },
};

export const CONTENT: DashboardContent = {
  title: 'runs/20261124T110000Z-a1b2c3',
  isReplay: false,
  update: UPDATE,
  controls: { isPaused: false, isStopping: false, ratePerSecond: 44, concurrency: null },
  ...{ page: 'run', selected: 'ttft_ns', prompt: undefined, message: undefined },
};
