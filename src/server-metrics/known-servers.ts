/** Where servers tell something of themselves: the name of a metric, with a label that it must have where one is given. Of several the first that is there counts. */
export type Places = readonly string[];

/** What a kind of server calls what we want to know. Times are in seconds; what a server does not tell is missing. */
export interface KnownServer {
  readonly server: string;
  /** Requests that are computed, and that wait for that. */
  readonly running: Places;
  readonly waiting: Places;
  /** Used share of the KV cache, 0 to 1. */
  readonly kvUse?: Places;
  readonly preemptions?: Places;
  /** Prompt tokens found in the prefix cache, and those looked for; or the share itself. */
  readonly prefixHits?: Places;
  readonly prefixQueries?: Places;
  readonly prefixShare?: Places;
  /** Tokens that speculative decoding drafted and that were accepted; or the share itself. */
  readonly drafted?: Places;
  readonly accepted?: Places;
  readonly acceptance?: Places;
  /** Histograms. */
  readonly ttft?: string;
  readonly queue?: string;
  /** How long computing takes up to the first token or, where a server only tells that, in all: a histogram, or a total of seconds and what it is divided by. */
  readonly compute?: string | { readonly sum: string; readonly count: string };
}

/**
 * Every server we know; append to extend. Names as documented: vLLM, docs.vllm.ai/en/stable/usage/metrics; SGLang, docs.sglang.io/references/production_metrics; TGI,
 * huggingface.co/docs/text-generation-inference/reference/metrics; llama.cpp, tools/server/README.md; Dynamo, docs.nvidia.com/dynamo, metrics catalog; Triton with
 * TensorRT-LLM, its backend's README.
 */
export const KNOWN_SERVERS: readonly KnownServer[] = [
  {
    server: 'vLLM',
    running: ['vllm:num_requests_running'],
    waiting: ['vllm:num_requests_waiting'],
    kvUse: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
    preemptions: ['vllm:num_preemptions_total'],
    prefixHits: ['vllm:prefix_cache_hits_total', 'vllm:gpu_prefix_cache_hits_total'],
    prefixQueries: ['vllm:prefix_cache_queries_total', 'vllm:gpu_prefix_cache_queries_total'],
    drafted: ['vllm:spec_decode_num_draft_tokens_total'],
    accepted: ['vllm:spec_decode_num_accepted_tokens_total'],
    ttft: 'vllm:time_to_first_token_seconds',
    queue: 'vllm:request_queue_time_seconds',
    compute: 'vllm:request_prefill_time_seconds',
  },
  {
    server: 'SGLang',
    running: ['sglang:num_running_reqs'],
    waiting: ['sglang:num_queue_reqs'],
    kvUse: ['sglang:token_usage'],
    preemptions: ['sglang:num_retracted_requests_total'],
    prefixShare: ['sglang:cache_hit_rate'],
    acceptance: ['sglang:spec_accept_rate'],
    ttft: 'sglang:time_to_first_token_seconds',
    queue: 'sglang:queue_time_seconds',
  },
  {
    server: 'TGI',
    running: ['tgi_batch_current_size'],
    waiting: ['tgi_queue_size'],
    queue: 'tgi_request_queue_duration',
    compute: 'tgi_request_inference_duration',
  },
  {
    server: 'llama.cpp',
    running: ['llamacpp:requests_processing'],
    waiting: ['llamacpp:requests_deferred'],
    // Older versions only.
    kvUse: ['llamacpp:kv_cache_usage_ratio'],
    compute: { sum: 'llamacpp:prompt_seconds_total', count: 'llamacpp:prompt_tokens_total' },
  },
  {
    server: 'Triton (TensorRT-LLM)',
    running: ['nv_trt_llm_request_metrics{request_type=scheduled}'],
    waiting: ['nv_trt_llm_request_metrics{request_type=waiting}'],
    kvUse: ['nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=fraction}'],
  },
  {
    server: 'Dynamo',
    running: ['dynamo_frontend_inflight_requests'],
    waiting: ['dynamo_frontend_queued_requests'],
    kvUse: ['dynamo_component_kvstats_gpu_cache_usage_percent'],
    prefixShare: ['dynamo_component_kvstats_gpu_prefix_cache_hit_rate'],
    ttft: 'dynamo_frontend_time_to_first_token_seconds',
  },
];
