import type { AnswerReader } from './adapter.ts';
import { LearnedFrame } from './learned-frame.ts';
import type { OpenAiBodyReader } from './openai-body.ts';
import type { DeltaReader } from './openai-delta.ts';
import { OpenAiAccumulator } from './openai-stream.ts';

/** Reads both kinds of answer; what is learned from a stream serves all. */
export function openAiReader(bodies: OpenAiBodyReader, readDelta: DeltaReader): AnswerReader {
  const frame = new LearnedFrame();
  return {
    createAccumulator: () => new OpenAiAccumulator(readDelta, frame),
    readBody: (buffer, start, end) => bodies.read(buffer, start, end),
  };
}
