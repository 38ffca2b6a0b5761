import type { ApiAdapter } from './adapter.ts';
import { FrameAccumulator } from './frame-stream.ts';
import { ResponsesFrameReader, readResponsesBody } from './responses-reader.ts';
import { responsesRequest } from './responses-request.ts';
import { SSE } from './sse-framing.ts';

/** OpenAI's Responses API. */
export const RESPONSES: ApiAdapter = {
  name: 'responses',
  path: 'v1/responses',
  isChat: true,
  history: { field: 'input' },
  namesModel: true,
  requestBody: responsesRequest,
  choicesOf: () => 1,
  createReader: () => ({
    framing: SSE,
    createAccumulator: (account) => new FrameAccumulator(new ResponsesFrameReader(), account),
    readBody: readResponsesBody,
  }),
};
