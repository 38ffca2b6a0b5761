// What the library returns: the same data as the files of a run, so that a program can read either. Fields are only ever added.

/** Distribution of one metric of a run; times in ns. */
export interface SeriesSummary {
  readonly total: number;
  readonly min: number;
  readonly max: number;
  readonly median: number;
  readonly avg: number;
  readonly std_dev: number;
  /** `"99.9"` → value. */
  readonly percentiles: Readonly<Record<string, number>>;
  readonly [field: string]: unknown;
}

/** One thing that a report says about how far its numbers can be trusted. */
export interface VerdictFinding {
  readonly check: string;
  readonly level: 'invalid' | 'degraded' | 'note';
  readonly message: string;
}

/** A report as in performance/result_summary.json; docs/report.md describes every field. An empty series is `{}`. */
export interface RunReport {
  readonly version: string;
  /** The commit that Inferometer was built from. */
  readonly git_sha: string | null;
  readonly n_samples_issued: number;
  readonly n_samples_completed: number;
  readonly n_samples_failed: number;
  readonly duration_ns: number | null;
  readonly complete: boolean;
  readonly ttft: Partial<SeriesSummary>;
  readonly tpot: Partial<SeriesSummary>;
  readonly latency: Partial<SeriesSummary>;
  readonly output_sequence_lengths: Partial<SeriesSummary>;
  readonly input_sequence_lengths: Partial<SeriesSummary>;
  readonly qps: number | null;
  readonly tps: number | null;
  readonly verdict?: {
    /** `valid`: the numbers stand. `degraded`: they stand with the reservations in `findings`. `invalid`: don't quote them. */
    readonly level: 'valid' | 'degraded' | 'invalid';
    readonly findings: readonly VerdictFinding[];
  };
  readonly [field: string]: unknown;
}

/** How a run stands while it goes on, as in the lines of `run --json-lines`; docs/live.md describes every field. */
export interface RunProgress {
  readonly run_id: string | null;
  readonly state: string;
  readonly elapsed_ns: number;
  readonly remaining_ns: number | null;
  readonly samples_issued: number;
  readonly samples_succeeded: number;
  readonly samples_errored: number;
  readonly samples_in_flight: number;
  readonly output_tokens_per_second: number | null;
  readonly errors_by_type: Readonly<Record<string, number>>;
  /** Percentiles so far, by the name of the metric: `ttft_ns`, `tpot_ns`, … */
  readonly series: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly verdict: string | null;
  readonly [field: string]: unknown;
}

/** One request of a run, as a row of `inferometer export`; times in ns since the run's origin, null for what never came. */
export interface RunSample {
  readonly sample_id: string;
  readonly seq: number;
  readonly dataset_row: number | null;
  /** Not one of a warm-up. */
  readonly measured: boolean;
  readonly outcome: 'in_flight' | 'succeeded' | 'errored' | 'cancelled' | 'cancelled_by_plan';
  readonly error_type: string | null;
  readonly finish_reason: string | null;
  readonly due_ns: number | null;
  readonly issued_ns: number | null;
  readonly first_chunk_ns: number | null;
  readonly completed_ns: number | null;
  readonly ttft_ns: number | null;
  readonly latency_ns: number | null;
  readonly tpot_ns: number | null;
  readonly chunks: number | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly [column: string]: string | number | boolean | null;
}

/** What may be said of a difference: see docs/report.md. `as_asked`: a rate of runs with different loads, which is neither better nor worse. */
export type Judgement =
  'worse' | 'slightly_worse' | 'indistinct' | 'equivalent' | 'slightly_better' | 'better' | 'as_asked';

/** One metric of a run beside the baseline; `difference`, `low` and `high` relative to the baseline: 0.05 is 5 % more. */
export interface MetricComparison {
  readonly baseline: number;
  readonly value: number;
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  readonly judgement: Judgement;
  readonly [field: string]: unknown;
}

/** A comparison as `inferometer compare --format json` prints it. */
export interface RunComparison {
  readonly margin: number;
  readonly confidence: number;
  /** One for each run but the baseline. */
  readonly comparisons: readonly {
    readonly run: { readonly path: string; readonly run_id: string; readonly [field: string]: unknown };
    /** The worst that may be said of any metric. */
    readonly judgement: Judgement;
    /** The runs are too short to know how much they differ by chance. */
    readonly too_short: boolean;
    readonly metrics: Readonly<Record<string, MetricComparison>>;
    readonly settings: readonly {
      readonly path: string;
      readonly baseline: unknown;
      readonly value: unknown;
    }[];
  }[];
  readonly [field: string]: unknown;
}
