import {
  type StreamAccumulator,
  type AnswerReader,
  ResponseFormatError,
} from '../../../src/protocol/adapter.ts';
import { adapterOf, type ApiName } from '../../../src/protocol/adapters.ts';
import { assertSame, type FuzzTarget } from './targets.ts';

const WORDS = [
  ...[
    '"choices":[',
    '"delta":{',
    '"content":"',
    '"text":"',
    '"usage":{',
    '"prompt_tokens":1',
    '"completion_tokens":2',
  ],
  ...[
    '"finish_reason":"stop"',
    '"finish_reason":null',
    '"error":{"message":"x"}',
    '"index":1',
    '"tool_calls":[{',
  ],
  ...[
    '"reasoning_content":"r"',
    '"refusal":"no"',
    '"function":{"name":"f","arguments":"{}"}',
    '"message":{',
    '[DONE]',
  ],
  ...[
    '"meta_info":{',
    '"output_ids":[1]',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\u00e9',
    '\\"',
    'null',
    '1e3',
    '\n',
  ],
];
const CHUNK = '{"id":"x","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}';
const STREAM_SEEDS: Readonly<Record<ApiName, readonly string[]>> = {
  chat: [`${CHUNK}\n${CHUNK}\n[DONE]`, '{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}'],
  completions: [
    '{"choices":[{"index":0,"text":"a","finish_reason":null}]}\n{"choices":[{"text":"b"}]}\n[DONE]',
  ],
  responses: [
    '{"type":"response.output_text.delta","delta":"a"}\n{"type":"response.completed","response":{"output":[],"usage":{"input_tokens":1}}}',
    '{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":""}}',
  ],
  anthropic: [
    '{"type":"message_start","message":{"usage":{"input_tokens":1}}}\n{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}\n{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}\n{"type":"message_stop"}',
    '{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"c","name":"f","input":{}}}\n{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{"}}',
  ],
  ollama: [
    '{"message":{"content":"a","thinking":"b"},"done":false}\n{"message":{"content":""},"done":true,"done_reason":"stop","eval_count":2}',
  ],
  triton: ['{"text_output":"a"}\n{"text_output":"b","details":{"finish_reason":"length"}}'],
  'ollama-generate': ['{"response":"a","done":false}\n{"response":"","done":true,"eval_count":2}'],
  tgi: [
    '{"token":{"text":"a","special":false},"generated_text":null}\n{"token":{"text":"b","special":true},"generated_text":"a","details":{"finish_reason":"length","generated_tokens":2}}',
  ],
  llamacpp: [
    '{"content":"a","stop":false}\n{"content":"","stop":true,"stop_type":"eos","tokens_predicted":2,"timings":{"cache_n":1}}',
  ],
  embeddings: ['{"data":[]}'],
  rerank: ['{"results":[]}'],
  score: ['{"data":[]}'],
  sglang: [
    '{"text":"a","meta_info":{"completion_tokens":1}}\n{"text":"ab","meta_info":{"finish_reason":{"type":"stop"}}}\n[DONE]',
  ],
};
const BODY_SEEDS: Readonly<Record<ApiName, string>> = {
  chat: '{"id":"x","choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}',
  completions: '{"choices":[{"text":"a","finish_reason":"stop"}]}',
  responses:
    '{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"a"}]}],"usage":{"input_tokens":1,"output_tokens":2}}',
  anthropic:
    '{"content":[{"type":"text","text":"a"},{"type":"tool_use","id":"c","name":"f","input":{}}],"stop_reason":"end_turn","usage":{"input_tokens":1}}',
  ollama: '{"message":{"content":"a"},"done":true,"done_reason":"stop","eval_count":2}',
  triton: '{"text_output":"a"}',
  embeddings:
    '{"data":[{"index":0,"embedding":[0.5,1]},{"index":1,"embedding":"AAAAPwAAgL4="}],"usage":{"prompt_tokens":2}}',
  rerank: '{"results":[{"index":0,"relevance_score":0.5}],"usage":{"total_tokens":2}}',
  score: '{"data":[{"index":0,"score":0.5}],"usage":{"prompt_tokens":2}}',
  'ollama-generate': '{"response":"a","done":true,"eval_count":2}',
  tgi: '{"generated_text":"a","details":{"finish_reason":"length","generated_tokens":2}}',
  llamacpp: '{"content":"a","stop":true,"stop_type":"eos","tokens_predicted":2}',
  sglang:
    '{"text":"a","meta_info":{"prompt_tokens":1,"completion_tokens":2,"finish_reason":{"type":"stop"}}}',
};

/** Each line is the data of a message. What was learned of streams before reads a stream as it is read for the first time. */
export function streamTarget(api: ApiName): FuzzTarget {
  return {
    seeds: STREAM_SEEDS[api],
    words: WORDS,
    check: (bytes) => {
      const frames = bytes
        .toString('latin1')
        .split('\n')
        .map((line) => Buffer.from(line, 'latin1'));
      const wanted = streamBy(adapterOf(api).createReader().createAccumulator(), frames);
      const learned = adapterOf(api).createReader().createAccumulator();
      for (let time = 0; time < 3; time++) assertSame(streamBy(learned, frames), wanted);
    },
  };
}

/** A body that was learned reads as one that was not. */
export function bodyTarget(api: ApiName): FuzzTarget {
  return {
    seeds: [BODY_SEEDS[api], '{"error":{"message":"x"}}'],
    words: WORDS,
    check: (bytes) => {
      const wanted = bodyBy(adapterOf(api).createReader(), bytes);
      const learned = adapterOf(api).createReader();
      for (let time = 0; time < 3; time++) assertSame(bodyBy(learned, bytes), wanted);
    },
  };
}

function streamBy(accumulator: StreamAccumulator, frames: readonly Buffer[]): unknown {
  accumulator.reset(1);
  const steps: unknown[] = [];
  let isRefused = false;
  for (const frame of frames) {
    // As in a run: nothing more is given of a response that is done or refused.
    if (isRefused || accumulator.isDone) break;
    const step = told(() => [
      accumulator.onMessage(frame, 0, frame.length, false),
      [...accumulator.moreChunks],
    ]);
    steps.push(step);
    isRefused = step instanceof Refusal;
  }
  return [
    steps,
    accumulator.isDone,
    told(() => accumulator.incompleteness()?.errorType),
    told(() => plain(accumulator.answer())),
  ];
}

function bodyBy(reader: AnswerReader, bytes: Buffer): unknown {
  return told(() => plain(reader.readBody(bytes, 0, bytes.length, 1)));
}

/** What can be told of a response after its bytes are gone. */
function plain({
  output,
  finishReason,
  tokens,
  firstChunkTokens,
  isEmpty,
}: ReturnType<AnswerReader['readBody']>): unknown {
  return { output: { ...output }, finishReason, tokens: { ...tokens }, firstChunkTokens, isEmpty };
}

class Refusal {
  readonly errorType: string;
  readonly message: string;

  constructor({ errorType, message }: ResponseFormatError) {
    this.errorType = errorType;
    this.message = message;
  }
}

/** What a call gives, or how it refuses; anything but a refusal is a fault. */
function told(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof ResponseFormatError)) throw error;
    return new Refusal(error);
  }
}
