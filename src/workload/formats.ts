import type { WorkloadFormat } from './format.ts';
import { AIPERF_DAG } from './formats/aiperf-dag.ts';
import { AIPERF_INPUTS } from './formats/aiperf-inputs.ts';
import { AIPERF_MULTI_TURN } from './formats/aiperf-multi-turn.ts';
import { AIPERF_RANDOM_POOL } from './formats/aiperf-random-pool.ts';
import { AIPERF_SINGLE_TURN } from './formats/aiperf-single-turn.ts';
import { AZURE } from './formats/azure.ts';
import { BAILIAN } from './formats/bailian.ts';
import { BURSTGPT } from './formats/burstgpt.ts';
import { EVENTS } from './formats/events.ts';
import { MLCOMMONS } from './formats/mlcommons.ts';
import { MOONCAKE } from './formats/mooncake.ts';
import { OPENAI_BATCH } from './formats/openai-batch.ts';
import { OTEL } from './formats/otel.ts';
import { RAW_PAYLOAD } from './formats/raw-payload.ts';
import { ROWS } from './formats/rows.ts';
import { SGLANG_AGENTIC } from './formats/sglang-agentic.ts';
import { SHAREGPT } from './formats/sharegpt.ts';
import { TIMED_TRACE } from './formats/timed-trace.ts';
import { TRACELAB } from './formats/tracelab.ts';
import { VLLM_MULTI_TURN } from './formats/vllm-multi-turn.ts';
import { WEKA } from './formats/weka.ts';

/** Every format, in the order in which their readers are asked whether a file is theirs; the last one takes what nobody knows. */
export const WORKLOAD_FORMATS: readonly WorkloadFormat[] = [
  OPENAI_BATCH,
  EVENTS,
  WEKA,
  OTEL,
  TRACELAB,
  BAILIAN,
  MLCOMMONS,
  MOONCAKE,
  AZURE,
  BURSTGPT,
  SGLANG_AGENTIC,
  SHAREGPT,
  AIPERF_DAG,
  AIPERF_MULTI_TURN,
  AIPERF_INPUTS,
  VLLM_MULTI_TURN,
  RAW_PAYLOAD,
  AIPERF_SINGLE_TURN,
  AIPERF_RANDOM_POOL,
  TIMED_TRACE,
  ROWS,
];

let registered: readonly WorkloadFormat[] = [];

/** Puts formats in front of those of the program; a program that runs several times may give the same ones again. */
export function registerFormats(formats: readonly WorkloadFormat[]): void {
  registered = [...formats, ...registered.filter((format) => !formats.includes(format))];
}

/** Those of plugins, then those of the program. */
export function workloadFormats(): readonly WorkloadFormat[] {
  return [...registered, ...WORKLOAD_FORMATS];
}
