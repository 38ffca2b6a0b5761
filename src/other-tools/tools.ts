import { AIPERF } from './aiperf.ts';
import { GENAI_PERF } from './genai-perf.ts';
import { GUIDELLM } from './guidellm.ts';
import { GUIDELLM_BENCHMARK } from './guidellm-benchmark.ts';
import { INFERENCE_PERF } from './inference-perf.ts';
import { LLMPERF } from './llmperf.ts';
import { SGLANG } from './sglang.ts';
import type { Tool } from './tool.ts';
import { VLLM } from './vllm.ts';

/** The tools whose command lines are understood; of several generations the first that is meant. */
export const TOOLS: readonly Tool[] = [
  AIPERF,
  GENAI_PERF,
  GUIDELLM_BENCHMARK,
  GUIDELLM,
  VLLM,
  SGLANG,
  INFERENCE_PERF,
  LLMPERF,
];

export const TOOL_NAMES: readonly string[] = [...new Set(TOOLS.map(({ name }) => name))];
