import type { ApiAdapter } from './adapter.ts';
import { countedChoices, countedInputs } from './choice-count.ts';
import { isJsonObject } from './json.ts';
import { readSglangBody } from './sglang-reply.ts';
import { sglangRequest } from './sglang-request.ts';
import { SglangAccumulator } from './sglang-stream.ts';
import { SSE } from './sse-framing.ts';

/** SGLang's native generate API. */
export const SGLANG: ApiAdapter = {
  name: 'sglang',
  path: 'generate',
  isChat: false,
  namesModel: false,
  requestBody: sglangRequest,
  choicesOf: ({ text, input_ids, sampling_params: sampling }) => {
    return countedInputs(input_ids ?? text) * countedChoices(isJsonObject(sampling) ? sampling.n : undefined);
  },
  createReader: () => ({
    framing: SSE,
    createAccumulator: (account) => new SglangAccumulator(account),
    readBody: readSglangBody,
  }),
};
