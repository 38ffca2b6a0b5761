import type { Report } from './report.ts';
import { percentileOf, type SeriesReport } from './series-report.ts';

const NS_PER_S = 1e9;
/** By their names in the format. */
const PERCENTILES = { p50: 50, p90: 90, p95: 95, p99: 99, p99p9: 99.9 } as const;

export interface BenchmarkReportContext {
  readonly runId: string;
  /** ISO 8601; empty for an imported run whose file does not tell. */
  readonly startedAt: string;
  readonly version: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * A run in the Benchmark Report format v0.2 of llm-d: workload and statistics, in seconds. Its percentiles are by our definition. What the format has and a run
 * does not know, such as the accelerators of the server, is left out. The format requires the input length of a load, so there is no scenario where input tokens
 * were not counted.
 */
export function benchmarkReport(
  report: Report,
  { runId, startedAt, version, config }: BenchmarkReportContext,
): object {
  const { samples, own } = report;
  const startMs = Date.parse(startedAt);
  const durationS = Number(report.durationNs ?? 0) / NS_PER_S;
  const throughput = own?.throughput ?? null;
  return defined({
    version: '0.2',
    run: {
      uid: runId,
      time: {
        start: iso(startMs),
        end: iso(startMs + durationS * 1000),
        duration: `PT${durationS}S`,
      },
    },
    scenario: scenarioOf(report, version, config),
    results: {
      request_performance: {
        aggregate: {
          requests: {
            total: Number(samples.issued),
            failures: Number(samples.errored),
            incomplete:
              Number(samples.cancelled) + Number(samples.cancelledByPlan) + Number(samples.inFlight),
            input_length: statistics(report.inputSequenceLengths, 'count', 1),
            output_length: statistics(report.outputSequenceLengths, 'count', 1),
          },
          latency: {
            time_to_first_token: statistics(report.ttft, 's', NS_PER_S),
            time_per_output_token: statistics(report.tpot, 's/token', NS_PER_S),
            request_latency: statistics(report.latency, 's', NS_PER_S),
          },
          throughput: {
            output_token_rate: rate(throughput?.output_tokens_per_second ?? report.tps, 'tokens/s'),
            request_rate: rate(throughput?.succeeded_per_second ?? report.qps, 'queries/s'),
          },
        },
      },
    },
  });
}

/** Undefined where the length of the inputs is not known; 1 is the least that the format takes. */
function scenarioOf(
  { inputSequenceLengths, own }: Report,
  version: string,
  config: BenchmarkReportContext['config'],
): object | undefined {
  const inputMean = inputSequenceLengths.kind === 'values' ? inputSequenceLengths.average : null;
  if (inputMean === null || inputMean < 1) return undefined;
  const load = (config.load ?? {}) as { readonly concurrency?: unknown };
  return {
    load: {
      metadata: { schema_version: '0.0.1' },
      standardized: {
        ...{ tool: 'inferometer', tool_version: version },
        source: config.synthetic === undefined ? 'sampled' : 'random',
        input_seq_len: { distribution: 'other', value: inputMean },
        rate_qps: own?.requestedRatePerSecond ?? undefined,
        concurrency: typeof load.concurrency === 'number' ? load.concurrency : undefined,
      },
      native: { config },
    },
  };
}

function iso(ms: number): string | undefined {
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

function rate(mean: number | null, units: string) {
  return mean === null ? undefined : { units, mean };
}

function statistics(series: SeriesReport, units: string, divisor: number) {
  if (series.kind === 'empty' || series.average === null) return undefined;
  const scaled = (value: number | bigint | null) => (value === null ? undefined : Number(value) / divisor);
  return {
    units,
    mean: scaled(series.average),
    stddev: scaled(series.standardDeviation),
    min: scaled(series.min),
    ...Object.fromEntries(
      Object.entries(PERCENTILES).map(([name, percent]) => [name, scaled(percentileOf(series, percent))]),
    ),
    max: scaled(series.max),
  };
}

/** Without what is undefined, all the way down. */
function defined(document: object): object {
  return JSON.parse(JSON.stringify(document)) as object;
}
