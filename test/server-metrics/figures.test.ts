import { describe, expect, it } from 'vitest';
import { readPrometheus } from '../../src/server-metrics/prometheus-text.ts';
import { ServerHistory } from '../../src/server-metrics/server-history.ts';
import { readServerFigures } from '../../src/server-metrics/server-sample.ts';
import { EXPORTERS, newServer } from './exporters.ts';

describe('readPrometheus', () => {
  it('reads labels, numbers of all kinds, and passes over what is none', () => {
    const text =
      '# HELP a b\na 1\nb{x="1",y="a\\"}b"} 2.5e3 1700000000\nb{x="2"} +Inf\nc NaN\n\nnonsense\n{} 3';
    const found = readPrometheus(text, (name) => name !== 'a');
    expect([...found.keys()]).toEqual(['b', 'c']);
    expect(found.get('b')).toEqual([
      { labels: { x: '1', y: 'a\\"}b' }, value: 2500 },
      { labels: { x: '2' }, value: Infinity },
    ]);
    expect(found.get('c')![0]!.value).toBeNaN();
  });
});

describe('readServerFigures', () => {
  it('knows none in other metrics', () => {
    expect(
      readServerFigures('process_cpu_seconds_total 12\nhttp_requests_total{code="200"} 3'),
    ).toBeUndefined();
    expect(readServerFigures('<html>not found</html>')).toBeUndefined();
  });

  it('adds engines up, and takes older names', () => {
    const text = [
      'vllm:num_requests_running{engine="0"} 3',
      'vllm:num_requests_running{engine="1"} 4',
      'vllm:num_requests_waiting{engine="0"} 0',
      'vllm:gpu_cache_usage_perc{engine="0"} 0.2',
      'vllm:gpu_cache_usage_perc{engine="1"} 0.9',
      'vllm:spec_decode_num_draft_tokens_total 100',
      'vllm:spec_decode_num_accepted_tokens_total 70',
    ].join('\n');
    expect(readServerFigures(text)).toMatchObject({
      ...{ server: 'vLLM', running: 7, waiting: 0, kv_use: 0.9, prefix_share: null, ttft: null },
      speculation: { sum: 70, count: 100 },
    });
  });

  it('tells metrics apart by their labels', () => {
    const text = [
      'nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="waiting",version="1"} 5',
      'nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="scheduled",version="1"} 2',
      'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",model="tensorrt_llm",version="1"} 0.5',
    ].join('\n');
    expect(readServerFigures(text)).toMatchObject({
      ...{ server: 'Triton (TensorRT-LLM)', running: 2, waiting: 5, kv_use: 0.5 },
    });
    const dynamo =
      'dynamo_frontend_inflight_requests{model="m"} 12\ndynamo_frontend_queued_requests{model="m"} 3';
    expect(readServerFigures(dynamo)).toMatchObject({ server: 'Dynamo', running: 12, waiting: 3 });
  });
});

describe('ServerHistory', () => {
  it('tells what happened between two looks, and nothing where a server was started anew', () => {
    const history = new ServerHistory();
    const look = (requests: number, seconds: number) => {
      const state = { ...newServer(), requests, promptTokens: 100 * requests, computeSeconds: seconds };
      const figures = readServerFigures(EXPORTERS.vLLM(state))!;
      return history.fold({ at_ns: 0, took_ms: 1, url: 'u', figures, failure: null })!;
    };
    expect(look(10, 1)).toMatchObject({ running: 4, waiting: 0, kv_use: 0.4, ttft_ms: null });
    expect(look(20, 3)).toMatchObject({ ttft_ms: 200, queue_ms: 0, compute_ms: 200, prefix_share: 0.25 });
    expect(look(20, 3)).toMatchObject({ ttft_ms: null });
    expect(look(5, 1)).toMatchObject({ ttft_ms: null, preemptions: 0 });
    const failed = { at_ns: 0, took_ms: 1, url: 'u', figures: null, failure: 'HTTP 503' };
    expect(history.fold(failed)).toBeUndefined();
    expect(history.facts()).toMatchObject([
      { url: 'u', server: 'vLLM', looks: 5, failures: 1, last_failure: 'HTTP 503' },
    ]);
  });

  it('adds several servers up', () => {
    const history = new ServerHistory();
    const figures = readServerFigures(EXPORTERS['llama.cpp']({ ...newServer(), running: 3, waiting: 2 }))!;
    for (const url of ['a', 'b']) history.fold({ at_ns: 0, took_ms: 1, url, figures, failure: null });
    expect(history.fold({ at_ns: 1, took_ms: 1, url: 'a', figures, failure: null })).toMatchObject({
      running: 6,
      waiting: 4,
    });
  });
});
