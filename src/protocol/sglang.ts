import type { ApiAdapter } from './adapter.ts';
import { countedInputs } from './choice-count.ts';
import { readSglangBody } from './sglang-reply.ts';
import { sglangRequest } from './sglang-request.ts';
import { SglangAccumulator } from './sglang-stream.ts';

/** SGLang's native generate API. */
export const SGLANG: ApiAdapter = {
  name: 'sglang',
  path: 'generate',
  requestBody: sglangRequest,
  choicesOf: ({ text, input_ids }) => countedInputs(input_ids ?? text),
  createReader: () => ({
    createAccumulator: () => new SglangAccumulator(),
    readBody: readSglangBody,
  }),
};
