/** What a fake server has done since it started, and does now. */
export interface ServerState {
  running: number;
  waiting: number;
  requests: number;
  promptTokens: number;
  /** Seconds, added up over the requests. */
  queueSeconds: number;
  computeSeconds: number;
  kvUse: number;
}

/** `/metrics` of servers as their documentation shows it, labels and all. */
export const EXPORTERS = {
  vLLM: (state: ServerState) => {
    const labels = 'engine="0",model_name="m"';
    return [
      '# HELP vllm:num_requests_running Number of requests in model execution batches.',
      '# TYPE vllm:num_requests_running gauge',
      `vllm:num_requests_running{${labels}} ${state.running}.0`,
      `vllm:num_requests_waiting{${labels}} ${state.waiting}.0`,
      `vllm:kv_cache_usage_perc{${labels}} ${state.kvUse}`,
      `vllm:prefix_cache_queries_total{${labels}} ${state.promptTokens}`,
      `vllm:prefix_cache_hits_total{${labels}} ${state.promptTokens / 4}`,
      `vllm:num_preemptions_total{${labels}} 0.0`,
      ...histogram(
        'vllm:time_to_first_token_seconds',
        labels,
        state.queueSeconds + state.computeSeconds,
        state.requests,
      ),
      ...histogram('vllm:request_queue_time_seconds', labels, state.queueSeconds, state.requests),
      ...histogram('vllm:request_prefill_time_seconds', labels, state.computeSeconds, state.requests),
    ].join('\n');
  },
  SGLang: (state: ServerState) => {
    const labels = 'model_name="m"';
    return [
      '# TYPE sglang:num_running_reqs gauge',
      `sglang:num_running_reqs{${labels}} ${state.running}.0`,
      `sglang:num_queue_reqs{${labels}} ${state.waiting}.0`,
      `sglang:token_usage{${labels}} ${state.kvUse}`,
      `sglang:cache_hit_rate{${labels}} 0.25`,
      ...histogram(
        'sglang:time_to_first_token_seconds',
        labels,
        state.queueSeconds + state.computeSeconds,
        state.requests,
      ),
      ...histogram('sglang:queue_time_seconds', labels, state.queueSeconds, state.requests),
    ].join('\n');
  },
  TGI: (state: ServerState) =>
    [
      '# TYPE tgi_queue_size gauge',
      `tgi_queue_size ${state.waiting}`,
      `tgi_batch_current_size ${state.running}`,
      ...histogram('tgi_request_queue_duration', '', state.queueSeconds, state.requests),
      ...histogram(
        'tgi_request_inference_duration',
        '',
        state.computeSeconds + 0.05 * state.requests,
        state.requests,
      ),
    ].join('\n'),
  'llama.cpp': (state: ServerState) =>
    [
      '# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.',
      '# TYPE llamacpp:prompt_tokens_total counter',
      `llamacpp:prompt_tokens_total ${state.promptTokens}`,
      `llamacpp:prompt_seconds_total ${state.computeSeconds}`,
      `llamacpp:requests_processing ${state.running}`,
      `llamacpp:requests_deferred ${state.waiting}`,
    ].join('\n'),
} as const;

export type ExporterName = keyof typeof EXPORTERS;

export function newServer(): ServerState {
  return {
    running: 4,
    waiting: 0,
    requests: 0,
    promptTokens: 0,
    queueSeconds: 0,
    computeSeconds: 0,
    kvUse: 0.4,
  };
}

function histogram(name: string, labels: string, sum: number, count: number): string[] {
  const joint = labels === '' ? '' : `${labels},`;
  const own = labels === '' ? '' : `{${labels}}`;
  return [
    `# TYPE ${name} histogram`,
    ...['0.05', '0.1', '0.25', '0.5', '1.0', '+Inf'].map(
      (le, i) => `${name}_bucket{${joint}le="${le}"} ${i === 0 ? 0 : count}.0`,
    ),
    `${name}_sum${own} ${sum}`,
    `${name}_count${own} ${count}.0`,
  ];
}
