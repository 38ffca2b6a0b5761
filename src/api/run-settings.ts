// Written by npm run docs:configuration.

/** Settings of a run, as in a config file: docs/configuration.md describes each. */
export interface RunSettings {
  /** base URL or full URL of the server, such as http://host:8000, or its Unix socket, such as unix:/run/vllm.sock or unix:/run/vllm.sock:/v1; repeat it to alternate between servers */
  readonly endpoints?: readonly string[];
  /** model name sent with each request, unless its row names one; repeat it with weights for several: a=0.8 b=0.2 */
  readonly model?:
    | string
    | readonly {
        readonly name: string;
        readonly weight?: number;
      }[];
  /** prompts: .jsonl, .json, .csv, .parquet, or .txt with one per line, also as .gz or .zst, a folder of them, or the name of a dataset in the cache of Hugging Face (docs/datasets.md); or a trace (docs/formats.md) */
  readonly dataset?: string;
  /** how the dataset is written, such as mooncake, instead of finding out from its content (inferometer dataset info --help lists all) */
  readonly format?: string;
  /** which columns of the dataset to use for what, e.g. prompt=question,system=instructions; other columns keep their names */
  readonly map?: Readonly<Record<string, string>>;
  /** download datasets and tokenizers given by name from this hub if they are not on this machine, e.g. https://huggingface.co (default: download nothing) */
  readonly hub?: string;
  /** memory for requests, such as 4GiB; the rest goes to a file next to the run and is read as it is sent (default: a quarter of the memory of this machine) */
  readonly dataset_memory_bytes?: number;
  /** generated prompts of an exact length instead of --dataset, such as "input=lognormal:1024,0.5 output=256 prefix=2048x16 turns=3"; needs --tokenizer (docs/datasets.md) */
  readonly synthetic?: string;
  readonly conversations?: {
    /** send every turn of each conversation of the dataset (or of --synthetic with turns=…), each after the response to the one before; --concurrency and --rate then count conversations (docs/conversations.md) */
    readonly multi_turn?: boolean;
    /** responses that later turns repeat: live (this server's), recorded (those in the file) or auto (default auto: as the format has it) */
    readonly history?: 'auto' | 'live' | 'recorded';
    /** drop or keep the reasoning of responses that later turns repeat (default drop) */
    readonly reasoning?: 'drop' | 'keep';
    /** pause before each later turn where the dataset has none: 2s, or a distribution such as lognormal:8s,0.6 or exponential:5s (default none) */
    readonly think_time?: string;
    /** ignore the delays between turns in the dataset */
    readonly ignore_delays?: boolean;
    /** shorten delays in the dataset to at most this */
    readonly delay_cap_ms?: number;
    /** after a failed turn: end the conversation, continue with the next turn, or fail the turns after it without sending them (default end) */
    readonly on_turn_failure?: 'end' | 'continue' | 'fail';
    /** what to do when fewer conversations are left than --concurrency: continue, stop-measuring (later turns are sent but not measured) or stop-issuing (no more turns are sent) (default continue) */
    readonly on_first_idle?: 'continue' | 'stop_measuring' | 'stop_issuing';
    /** start the first --concurrency conversations partway through, each at a random turn, so that the load is steady from the start; needs recorded histories */
    readonly warm_trajectories?: boolean;
    /** send the value of this response header back with the later requests of its conversation, e.g. X-Session-Token */
    readonly session_token?: string;
    /** keep a conversation on one server: header:NAME sends its id in that header, for a router, e.g. header:X-Session-ID; connection sends all of its turns on one connection; may be given twice */
    readonly sticky?: readonly string[];
  };
  readonly salt?: {
    /** add random text to each request, so that its prefix cache does not help the server: prefix (before the prompt), suffix (after it), system (before the system prompt) or mlcommons (around the system prompt, as MLCommons endpoints does it) */
    readonly position: 'prefix' | 'suffix' | 'system' | 'mlcommons';
    /** request: a new salt each time a request is sent; conversation: one salt for each conversation, or each row of the dataset, kept when it is sent again (default request; conversation with --multi-turn) */
    readonly per?: 'request' | 'conversation';
  };
  /** the API that the endpoints speak: chat, completions, responses, anthropic, ollama, ollama-generate, sglang, tgi, llamacpp, triton, kserve, embeddings, ollama-embed, rerank, score, images, speech, transcription, template:FILE for one that a YAML file describes, or plugin:NAME for one of a --plugin (default chat) */
  readonly api?: string;
  /** stream responses: on, off or auto (default auto: off for burst, else on) */
  readonly streaming?: 'on' | 'off' | 'auto';
  /** limit of output tokens sent with each request, unless its row sets one */
  readonly max_output_tokens?: number;
  /** name of that limit: max_tokens or max_completion_tokens (default: max_completion_tokens for chat, max_tokens for completions) */
  readonly limit_field?: 'max_tokens' | 'max_completion_tokens';
  /** fields merged into every request body: JSON such as {"priority": 3}, or name=value; null removes a field; may be repeated */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** ask streaming servers for token usage (stream_options): on, off or auto (default auto: on, unless the row decides) */
  readonly usage?: 'on' | 'off' | 'auto';
  /** path below each endpoint, instead of that of the API, e.g. /chat */
  readonly path?: string;
  /** leave out and report dataset rows that cannot be used, instead of refusing the file */
  readonly skip_bad_rows?: boolean;
  /** tokenizer.json: counts the tokens of every prompt, and of responses whose usage the server does not report */
  readonly tokenizer?: string;
  readonly load?: {
    /** when requests are sent: burst, constant, poisson, gamma, concurrency or replay (default burst, or poisson with --rate or --stages, gamma with --burstiness, concurrency with --concurrency or --stages of one) */
    readonly pattern?: 'burst' | 'constant' | 'poisson' | 'gamma' | 'concurrency' | 'replay';
    /** requests per second, for constant, poisson and gamma */
    readonly rate_per_second?: number;
    /** a rate or concurrency that changes, instead of --rate or --concurrency: "rate 10 for 1m, ramp to 200 over 5m, pause for 30s", "concurrency 10 for 1m, ramp to 100 over 5m", or @rates.csv with the columns second and rate; ends the run unless --duration does */
    readonly stages?: readonly (
      | {
          readonly rate_per_second: number;
          readonly duration_ms: number;
        }
      | {
          readonly ramp_to_per_second: number;
          readonly duration_ms: number;
        }
      | {
          readonly concurrency: number;
          readonly duration_ms: number;
        }
      | {
          readonly ramp_to_concurrency: number;
          readonly duration_ms: number;
        }
    )[];
    /** .csv or .json file of such a rate, with the columns second and rate */
    readonly stages_file?: string;
    /** shape of the gaps for gamma: below 1 in bursts, 1 as poisson, above 1 more even */
    readonly burstiness?: number;
    /** number of requests in flight, for concurrency */
    readonly concurrency?: number;
    /** limit the requests in flight, with a rate, --stages of a rate or --replay; requests beyond the limit wait, and the wait is measured */
    readonly max_in_flight?: number;
    /** how many times as fast as recorded to replay the trace, e.g. 2 (default 1) */
    readonly speed?: number;
    /** cut longer gaps between the requests of a replay to this, e.g. 5s */
    readonly idle_cap_ms?: number;
    /** start a replay this long after the first request of the trace, e.g. 10m */
    readonly from_ms?: number;
    /** end a replay this long after the first request of the trace, e.g. 20m */
    readonly to_ms?: number;
  };
  readonly stop?: {
    /** stop after this many requests (default: one pass over the dataset, unless --duration is given) */
    readonly samples?: number;
    /** with --multi-turn: stop after this many conversations (default: each of the dataset once, unless --duration is given) */
    readonly conversations?: number;
    /** stop sending new requests after this long, e.g. 60s */
    readonly duration_ms?: number;
  };
  readonly until?: {
    /** end the run once this figure is known this precisely, e.g. 'ttft p99 ±3%' (or +-3%), 'requests/s ±2%'; may be repeated: the run ends when all of them are */
    readonly rules: readonly string[];
    /** with --until, measure at least this long (default 10s) */
    readonly min_duration_ms?: number;
    /** with --until, stop sending new requests after this long, precise or not (default 1h) */
    readonly max_duration_ms?: number;
  };
  /** parts of the run, one after another, each with its own load, stop rule and prompts */
  readonly phases?: readonly {
    /** what the report calls the phase */
    readonly name: string;
    /** false for a warm-up or a cool-down, which is in no figure (default on) */
    readonly measure?: boolean;
    readonly load?: {
      /** when requests are sent: burst, constant, poisson, gamma, concurrency or replay (default burst, or poisson with --rate or --stages, gamma with --burstiness, concurrency with --concurrency or --stages of one) */
      readonly pattern?: 'burst' | 'constant' | 'poisson' | 'gamma' | 'concurrency' | 'replay';
      /** requests per second, for constant, poisson and gamma */
      readonly rate_per_second?: number;
      /** a rate or concurrency that changes, instead of --rate or --concurrency: "rate 10 for 1m, ramp to 200 over 5m, pause for 30s", "concurrency 10 for 1m, ramp to 100 over 5m", or @rates.csv with the columns second and rate; ends the run unless --duration does */
      readonly stages?: readonly (
        | {
            readonly rate_per_second: number;
            readonly duration_ms: number;
          }
        | {
            readonly ramp_to_per_second: number;
            readonly duration_ms: number;
          }
        | {
            readonly concurrency: number;
            readonly duration_ms: number;
          }
        | {
            readonly ramp_to_concurrency: number;
            readonly duration_ms: number;
          }
      )[];
      /** .csv or .json file of such a rate, with the columns second and rate */
      readonly stages_file?: string;
      /** shape of the gaps for gamma: below 1 in bursts, 1 as poisson, above 1 more even */
      readonly burstiness?: number;
      /** number of requests in flight, for concurrency */
      readonly concurrency?: number;
      /** limit the requests in flight, with a rate, --stages of a rate or --replay; requests beyond the limit wait, and the wait is measured */
      readonly max_in_flight?: number;
      /** how many times as fast as recorded to replay the trace, e.g. 2 (default 1) */
      readonly speed?: number;
      /** cut longer gaps between the requests of a replay to this, e.g. 5s */
      readonly idle_cap_ms?: number;
      /** start a replay this long after the first request of the trace, e.g. 10m */
      readonly from_ms?: number;
      /** end a replay this long after the first request of the trace, e.g. 20m */
      readonly to_ms?: number;
    };
    readonly stop?: {
      /** stop after this many requests (default: one pass over the dataset, unless --duration is given) */
      readonly samples?: number;
      /** with --multi-turn: stop after this many conversations (default: each of the dataset once, unless --duration is given) */
      readonly conversations?: number;
      /** stop sending new requests after this long, e.g. 60s */
      readonly duration_ms?: number;
    };
    /** prompts: .jsonl, .json, .csv, .parquet, or .txt with one per line, also as .gz or .zst, a folder of them, or the name of a dataset in the cache of Hugging Face (docs/datasets.md); or a trace (docs/formats.md) */
    readonly dataset?: string;
    /** how the dataset is written, such as mooncake, instead of finding out from its content (inferometer dataset info --help lists all) */
    readonly format?: string;
    /** generated prompts of an exact length instead of --dataset, such as "input=lognormal:1024,0.5 output=256 prefix=2048x16 turns=3"; needs --tokenizer (docs/datasets.md) */
    readonly synthetic?: string;
  }[];
  readonly warmup?: {
    /** requests sent before measuring */
    readonly samples?: number;
    /** time spent sending before measuring */
    readonly duration_ms?: number;
  };
  readonly cancel?: {
    /** cancel this share of the requests, as users do who stop waiting, e.g. 5%; needs --cancel-after */
    readonly share: number;
    /** how long after it was sent such a request is cancelled, unless it has ended: 2s, uniform:1s,5s, exponential:2s or lognormal:2s,0.5 (median, sigma) */
    readonly after: string;
  };
  readonly retry?: {
    /** retry requests that fail in these ways: statuses such as 429, classes such as 5xx or failures such as connection_reset, separated by commas; waits as long as Retry-After says, or 0.5 s and longer each time */
    readonly on: readonly string[];
    /** maximum number of retries of a request, with --retry (default 3) */
    readonly max?: number;
  };
  /** which dataset row comes next: without-replacement, with-replacement or sequential (default without-replacement) */
  readonly sample_order?: 'without_replacement' | 'with_replacement' | 'sequential';
  /** seed of arrival times and sample order (default 42) */
  readonly seed?: number;
  /** judge the run by these metrics only: ttft, tpot, chunk_gap, latency, throughput (default: all that are shown) */
  readonly judge?: readonly ('ttft' | 'tpot' | 'chunk_gap' | 'latency' | 'throughput')[];
  /** judge the run by this limit too, e.g. 'ttft p99 < 500ms', 'errors < 1%' or 'output tokens/s > 2000'; may be repeated */
  readonly slo?: readonly string[];
  /** count the samples that keep this rule, and report their share and rate, e.g. 'ttft < 500ms and tpot < 50ms' */
  readonly good?: string;
  /** also report the figures of the steady part of the run: auto finds it, '30s..5m' or '25%..100%' sets it (default off: it takes another pass over the run log) */
  readonly steady_state?: string;
  readonly client?: {
    /** engine threads (default auto: all cores but one) */
    readonly workers?: number | 'auto';
    /** CPUs to pin the engine threads to, one each, e.g. 2,3 or 4-7; everything else is kept off them (needs taskset) */
    readonly cpus?: readonly number[];
    /** maximum number of open connections, or of requests in flight with --http 2; a burst keeps them all busy (default 1024, fewer where open files are limited) */
    readonly max_connections?: number;
    /** which of several endpoints a request goes to: round-robin (each in turn) or least-in-flight, counted by each worker for itself (default round-robin) */
    readonly balance?: 'round_robin' | 'least_in_flight';
    /** fail a request that is not fully answered within this time (default 10m) */
    readonly request_timeout_ms?: number;
    /** fail a connection that is not established (TLS included) within this time (default 30s) */
    readonly connect_timeout_ms?: number;
    /** how to wait for due times: precise (spin shortly before), economy (sleep only) or auto (default auto: precise when each worker can have an idle core) */
    readonly pacing?: 'auto' | 'precise' | 'economy';
    /** most probes a second that measure how late each engine thread reads (default 250; 0: none, and no error bound) */
    readonly probe_rate?: number;
    /** version of HTTP to speak: 1 (HTTP/1.1), or 2: requests share connections, over TLS or without it (default 1) */
    readonly http?: 1 | 2;
    /** reuse connections, or open a new one for each request, with TCP and TLS inside its times (default reuse) */
    readonly connections?: 'reuse' | 'new';
    /** close a connection after this many responses, so that a load balancer can send the next one elsewhere, e.g. 100 (default: keep it) */
    readonly requests_per_connection?: number;
    /** extra request header, e.g. "X-Team: a"; {{sample}}, {{conversation}} and {{conversation_id}} in it stand for the id of the sample, and the number and the id of its conversation; may be repeated */
    readonly headers?: Readonly<Record<string, string>>;
    /** reach the endpoints through this HTTP proxy, such as http://proxy:3128; none: directly, whatever the environment says; once for all, or once for each --endpoint (default: HTTP_PROXY, HTTPS_PROXY, NO_PROXY) */
    readonly proxies?: readonly string[];
    /** addresses of the host of an endpoint, instead of looking them up: host:8000:10.0.0.1,10.0.0.2; connections are spread over them */
    readonly resolve?: readonly string[];
    /** send each sample's id as X-Request-Id, to find it in the logs of the server */
    readonly request_id?: boolean;
    /** send a traceparent header (W3C Trace Context) with each request, whose trace is the sample's id */
    readonly traceparent?: boolean;
    /** sent as Authorization: Bearer, or as x-api-key to --api anthropic; prefer the environment variable */
    readonly api_key?: string;
    /** check the server certificate: on or off (default on) */
    readonly tls_verify?: boolean;
    /** PEM file of the certificate authorities to trust, or of a self-signed certificate, instead of the authorities that Node knows */
    readonly ca_file?: string;
    /** PEM file of a client certificate, for servers that require one */
    readonly cert_file?: string;
    /** PEM file of the private key of --cert (default: it is in the same file) */
    readonly key_file?: string;
    /** server name for TLS (SNI) and for checking the certificate, instead of the host of the endpoint */
    readonly server_name?: string;
  };
  /** how long to wait for requests in flight after the last one was sent; 0 cancels them at once (default 4m) */
  readonly drain_timeout_ms?: number;
  /** check the endpoints before the run: on (connect, and ask for the models once), off or auto (default auto: on at a terminal, else only connect) */
  readonly check?: 'on' | 'off' | 'auto';
  /** wait up to this long for a server that is still starting or loading (HTTP 503), e.g. 5m */
  readonly wait_ready_ms?: number;
  /** end the run when every request fails for 30 s: on, off or auto (default auto: on at a terminal) */
  readonly abort_when_hopeless?: 'on' | 'off' | 'auto';
  /** end the run early when this holds, e.g. 'errors > 10% for 20s', 'in flight > 2000' or 'waiting > 500 for 10s'; may be repeated */
  readonly abort?: readonly string[];
  /** end the run early when requests are in flight and nothing has arrived for this long, e.g. 30s; cancels what is in flight */
  readonly idle_timeout_ms?: number;
  /** record the server's own metrics (Prometheus) once a second: its URL, may be repeated; on: /metrics beside each endpoint, off, or auto (default auto: on at a terminal) */
  readonly server_metrics?: readonly string[];
  /** record the power that the servers draw, for joules per token: the URL of an exporter (DCGM, nvidia-smi, IPMI), or a command that prints lines such as {"watts": 312.5}; may be repeated */
  readonly power?: readonly string[];
  /** total price of the servers per hour; the report then shows the cost per million tokens */
  readonly price_per_hour?: number;
  readonly metrics?: {
    /** time between live updates; 0 = no live view (default 250ms) */
    readonly publish_interval_ms?: number;
    /** how long to wait for token counts after the last response; 0 = without limit (default 1m) */
    readonly drain_timeout_ms?: number;
  };
  /** write events.jsonl at the end of the run: on, off or auto (default auto: when it takes less than about 0.5 s) */
  readonly events_jsonl?: 'on' | 'off' | 'auto';
  /** draw report.html at the end of the run, which takes about half a second: on or off; inferometer report --write draws it later (default on) */
  readonly report_html?: boolean;
  /** a tag to find the run by, e.g. gpu=h100; may be repeated */
  readonly tags?: Readonly<Record<string, string>>;
}
