// What the file of --plugin imports from 'inferometer/plugin': the same parts that the formats and APIs of the program are made of.
export { InferometerError } from '../../core/errors.ts';
export { jsonText } from '../../core/json-text.ts';
export type { ApiAdapter, FinalOutput, RequestOptions, SampleInput } from '../../protocol/adapter.ts';
export { type FrameNews, type FrameReader, NO_PARTS } from '../../protocol/frame-reader.ts';
export { FrameAccumulator } from '../../protocol/frame-stream.ts';
export { isJsonObject, malformed, parseJsonObject } from '../../protocol/json.ts';
export { nativeRequest } from '../../protocol/native-request.ts';
export { UNKNOWN_TOKENS } from '../../protocol/openai-reply.ts';
export { SSE } from '../../protocol/sse-framing.ts';
export { wholeOutput } from '../../protocol/whole-output.ts';
export { type Conversation, PLAIN_TURN } from '../../workload/conversation.ts';
export { Fields } from '../../workload/fields.ts';
export { allRows, type Reading, type WorkloadFormat } from '../../workload/format.ts';
