import type { ApiAdapter } from './adapter.ts';
import { AnthropicFrameReader, readAnthropicBody } from './anthropic-reader.ts';
import { anthropicRequest } from './anthropic-request.ts';
import { FrameAccumulator } from './frame-stream.ts';
import { SSE } from './sse-framing.ts';

/** Anthropic's Messages API. */
export const ANTHROPIC: ApiAdapter = {
  name: 'anthropic',
  path: 'v1/messages',
  isChat: true,
  history: { field: 'messages', liftsSystem: true },
  namesModel: true,
  headers: { 'anthropic-version': '2023-06-01' },
  keyHeader: 'x-api-key',
  requestBody: anthropicRequest,
  choicesOf: () => 1,
  createReader: () => ({
    framing: SSE,
    createAccumulator: (account) => new FrameAccumulator(new AnthropicFrameReader(), account),
    readBody: readAnthropicBody,
  }),
};
