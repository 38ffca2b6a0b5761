import {
  type StreamAccumulator,
  type AnswerReader,
  ResponseFormatError,
} from '../../../src/protocol/adapter.ts';
import type { ApiTemplate } from '../../../src/protocol/api-template.ts';
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
/** An API of ours, or one that {@link TEMPLATE} describes. */
export type FuzzedApi = ApiName | 'template';

const TEMPLATE: ApiTemplate = {
  ...{ name: 'template:acme.yaml', method: 'POST', path: '/ask', headers: {}, body: {}, framing: 'sse' },
  response: {
    ...{
      text: ['/delta/text', '/text'],
      reasoning: ['/thinking'],
      finishReason: ['/why'],
      error: ['/fault'],
    },
    ...{ promptTokens: ['/usage/in'], completionTokens: ['/usage/out'], cachedTokens: [] },
    terminator: { text: 'END' },
  },
};

const STREAM_SEEDS: Readonly<Record<FuzzedApi, readonly string[]>> = {
  template: [
    '{"delta":{"text":"a"},"thinking":"b"}\n{"text":"c","why":"stop","usage":{"in":1,"out":2}}\nEND',
  ],
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
  kserve: ['{"outputs":[]}'],
  images: [
    '{"type":"image_generation.partial_image","b64_json":"AAAA","partial_image_index":0}\n{"type":"image_generation.completed","b64_json":"AAAA","usage":{"input_tokens":1}}',
  ],
  speech: [
    '{"type":"speech.audio.delta","audio":"UklGRiQAAABXQVZF"}\n{"type":"speech.audio.done","usage":{"input_tokens":1}}',
    'RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00\x01',
    'ID3\x04\x00\x00\x00\x00\x00\x01\x00\xff\xfb\x90\x64',
  ],
  transcription: [
    '{"type":"transcript.text.delta","delta":"a"}\n{"type":"transcript.text.done","text":"a","usage":{"input_tokens":1}}',
    '{"object":"transcription.chunk","choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n[DONE]',
  ],
  embeddings: ['{"data":[]}'],
  'ollama-embed': ['{"embeddings":[]}'],
  rerank: ['{"results":[]}'],
  score: ['{"data":[]}'],
  sglang: [
    '{"text":"a","meta_info":{"completion_tokens":1}}\n{"text":"ab","meta_info":{"finish_reason":{"type":"stop"}}}\n[DONE]',
  ],
};
const BODY_SEEDS: Readonly<Record<FuzzedApi, string>> = {
  template: '{"text":"a","why":"stop","usage":{"in":1,"out":2}}',
  chat: '{"id":"x","choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}',
  completions: '{"choices":[{"text":"a","finish_reason":"stop"}]}',
  responses:
    '{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"a"}]}],"usage":{"input_tokens":1,"output_tokens":2}}',
  anthropic:
    '{"content":[{"type":"text","text":"a"},{"type":"tool_use","id":"c","name":"f","input":{}}],"stop_reason":"end_turn","usage":{"input_tokens":1}}',
  ollama: '{"message":{"content":"a"},"done":true,"done_reason":"stop","eval_count":2}',
  triton: '{"text_output":"a"}',
  kserve: '{"outputs":[{"name":"text_output","datatype":"BYTES","shape":[1,1],"data":["a"]}]}',
  'ollama-embed': '{"embeddings":[[0.5,1]],"prompt_eval_count":2}',
  images: '{"data":[{"b64_json":"AAAA"}],"usage":{"input_tokens":1}}',
  speech: 'ID3',
  transcription: '{"text":"a","duration":1.5}',
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
export function streamTarget(api: FuzzedApi): FuzzTarget {
  return {
    seeds: STREAM_SEEDS[api],
    words: WORDS,
    check: (bytes) => {
      const frames = bytes
        .toString('latin1')
        .split('\n')
        .map((line) => Buffer.from(line, 'latin1'));
      const wanted = streamBy(readerOf(api).createAccumulator(), frames);
      const learned = readerOf(api).createAccumulator();
      for (let time = 0; time < 3; time++) assertSame(streamBy(learned, frames), wanted);
    },
  };
}

/** A body that was learned reads as one that was not. */
export function bodyTarget(api: FuzzedApi): FuzzTarget {
  return {
    seeds: [BODY_SEEDS[api], '{"error":{"message":"x"}}'],
    words: WORDS,
    check: (bytes) => {
      const wanted = bodyBy(readerOf(api), bytes);
      const learned = readerOf(api);
      for (let time = 0; time < 3; time++) assertSame(bodyBy(learned, bytes), wanted);
    },
  };
}

function readerOf(api: FuzzedApi): AnswerReader {
  return adapterOf(api === 'template' ? TEMPLATE : api).createReader();
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
function plain(final: ReturnType<AnswerReader['readBody']>): unknown {
  const { finishReason, firstChunkTokens, isEmpty, items, dimensions, bytes, audioNs } = final;
  const facts = { finishReason, firstChunkTokens, isEmpty, items, dimensions, bytes, audioNs };
  return { ...facts, output: { ...final.output }, tokens: { ...final.tokens } };
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
