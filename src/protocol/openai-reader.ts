import type { AnswerReader } from './adapter.ts';
import { LearnedFrame } from './learned-frame.ts';
import { OpenAiBodyReader } from './openai-body.ts';
import type { PartsReader } from './openai-choice.ts';
import { OpenAiAccumulator } from './openai-stream.ts';
import { SSE } from './sse-framing.ts';

/** Reads both kinds of response; `ofDelta` and `ofMessage` read a choice of a frame and of a body. What is learned from a stream serves all. */
export function openAiReader(ofDelta: PartsReader, ofMessage: PartsReader): AnswerReader {
  const frame = new LearnedFrame();
  const bodies = new OpenAiBodyReader(ofMessage);
  return {
    framing: SSE,
    createAccumulator: (account) => new OpenAiAccumulator(ofDelta, frame, account),
    readBody: (buffer, start, end, choices) => bodies.read(buffer, start, end, choices),
  };
}
