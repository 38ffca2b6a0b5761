/** Number of tokens of a prompt or a response. */
export type Lengths =
  | { readonly tokens: number | null }
  | {
      readonly normal: { readonly mean: number; readonly stddev: number };
      readonly min?: number;
      readonly max?: number;
    }
  | { readonly uniform: readonly [number, number] }
  /** Pairs of input and output, each with its share. */
  | { readonly mixture: string };

export type Arrival = 'constant' | 'poisson' | 'gamma';

export interface Stage {
  readonly per_second?: number;
  readonly seconds?: number;
  readonly concurrency?: number;
  readonly requests?: number;
}

export type Load =
  | { readonly kind: 'one_at_a_time' }
  | { readonly kind: 'concurrency'; readonly concurrency: number; readonly ramp_seconds?: number }
  | { readonly kind: 'all_at_once'; readonly max_in_flight?: number }
  | {
      readonly kind: 'rate';
      readonly per_second: number;
      readonly arrival: Arrival;
      readonly shape?: number;
      readonly max_in_flight?: number;
      readonly ramp_seconds?: number;
    }
  | {
      readonly kind: 'rate_ramp';
      readonly shape: 'linear' | 'exponential';
      readonly from_per_second: number;
      readonly to_per_second: number;
      readonly arrival: Arrival;
      readonly over: 'the run';
      readonly max_in_flight?: number;
    }
  | {
      readonly kind: 'stages';
      readonly arrival?: Arrival;
      readonly pause_seconds?: number;
      readonly stages: readonly Stage[];
    }
  | {
      readonly kind: 'schedule';
      readonly from: 'timestamps';
      readonly time_scale?: number;
      readonly start?: 'first request';
      readonly from_ms?: number;
      readonly until_ms?: number;
    }
  | Sweep;

export interface Sweep {
  readonly kind: 'sweep';
  readonly of: 'concurrency' | 'rate';
  readonly values?: readonly number[];
  readonly points?: number;
  readonly arrival?: Arrival;
  readonly between?: string;
  readonly spacing?: string;
  readonly seconds_each?: number;
  readonly up_to?: string;
  readonly probe?: { readonly requests: number; readonly seconds: number };
}

export interface Stop {
  readonly requests?: number;
  /** Texts of embeddings, several to a request. */
  readonly inputs?: number;
  readonly conversations?: number;
  readonly seconds?: number;
  readonly window_seconds?: number;
  readonly then_wait_seconds?: number;
  /** For each run of a sweep. */
  readonly each?: boolean;
  readonly whichever?: 'first';
  readonly errors?: number;
  readonly over_saturation?: boolean;
}

export interface Prompts {
  /** `synthetic`, `shared_prefix` and `sonnet` are generated; `file` is one of any format; others are formats or data sets to fetch. */
  readonly kind: string;
  readonly path?: string | null;
  readonly input?: Lengths;
  readonly output?: Lengths;
  /** Distinct prompts. */
  readonly entries?: number;
  readonly inputs_per_request?: number;
  readonly prefixes?: number;
  readonly per_prefix?: number;
  readonly prefix_tokens?: number;
  readonly suffix_tokens?: number;
  readonly turns?: { readonly mean: number; readonly stddev?: number };
  readonly delay_ms?: { readonly mean: number; readonly stddev?: number };
  readonly shared_system_tokens?: number;
  readonly text?: string;
}

export type Models =
  | string
  | null
  | {
      readonly names: readonly string[];
      readonly choice?: string;
      readonly weights?: readonly number[];
    };

/** What a command line of any load generator does, in words that belong to none of them. Undefined: it does not say, and has no default. */
export interface Meaning {
  readonly endpoint: {
    readonly url: string | readonly string[];
    readonly path: string | null;
    readonly spread?: string;
    readonly transport?: 'grpc';
  };
  readonly api: string;
  /** Null: the first that the server names. */
  readonly model: Models;
  readonly streaming: boolean;
  readonly load: Load;
  readonly stop: Stop;
  readonly dataset: Prompts;
  readonly warmup?: { readonly requests?: number; readonly seconds?: number } | undefined;
  readonly ignore_eos?: boolean;
  readonly seed?: number;
  readonly tokenizer?: string;
  readonly sampling?: Readonly<Record<string, unknown>>;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly goodput_ms?: Readonly<Record<string, number>>;
  readonly report?: { readonly percentiles: readonly number[] };
  readonly output?: {
    readonly dir?: string;
    readonly file?: string;
    readonly per_request?: boolean;
    readonly formats?: readonly string[];
    readonly label?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  /** Shares of the run that are left out of the figures. */
  readonly leave_out?: { readonly first_share?: number; readonly last_share?: number } | undefined;
  readonly cancel?: { readonly percent: number; readonly after_seconds: number };
  readonly timeout_seconds?: number;
  readonly retries?: number;
  readonly wait_ready_seconds?: number;
  readonly connections?: 'new';
  readonly insecure?: boolean;
  readonly limit_field?: 'max_tokens';
  readonly before?: readonly string[];
  /** What cannot be said in any of these fields, one sentence each. */
  readonly notes?: readonly string[];
}
