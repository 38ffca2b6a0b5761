import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ResponseFormatError } from '../../src/protocol/adapter.ts';
import { adapterOf, type ApiName } from '../../src/protocol/adapters.ts';

/** Names and values that each API gives a meaning. */
const WORDS: Readonly<
  Partial<Record<ApiName, readonly [keys: readonly string[], values: readonly string[]]>>
> = {
  responses: [
    [
      'type',
      'delta',
      'text',
      'item',
      'response',
      'output',
      'status',
      'usage',
      'output_index',
      'content',
      'error',
    ],
    [
      ...['response.output_text.delta', 'response.output_text.done', 'response.output_item.added'],
      ...['response.output_item.done', 'response.function_call_arguments.delta', 'response.completed'],
      ...['response.failed', 'function_call', 'message', 'completed', 'incomplete'],
    ],
  ],
  anthropic: [
    [
      'type',
      'delta',
      'text',
      'message',
      'usage',
      'index',
      'content_block',
      'stop_reason',
      'content',
      'input',
    ],
    [
      ...['message_start', 'content_block_start', 'content_block_delta', 'message_delta', 'message_stop'],
      ...['text', 'text_delta', 'tool_use', 'input_json_delta', 'thinking'],
    ],
  ],
  ollama: [
    ['message', 'content', 'tool_calls', 'function', 'arguments', 'done', 'done_reason', 'eval_count'],
    [],
  ],
  'ollama-generate': [['response', 'thinking', 'done', 'done_reason', 'error'], []],
  tgi: [['token', 'text', 'special', 'generated_text', 'details', 'finish_reason', 'input_length'], []],
  llamacpp: [['content', 'index', 'stop', 'stop_type', 'stopped_eos', 'tokens_predicted', 'timings'], []],
  triton: [['text_output', 'details', 'finish_reason', 'error'], []],
};
const APIS = Object.keys(WORDS) as readonly ApiName[];

function framesOf(api: ApiName): fc.Arbitrary<readonly Uint8Array[]> {
  const [keys, values] = WORDS[api]!;
  const value = fc.oneof(fc.constantFrom(...values, '', 'x'), fc.nat(3), fc.boolean(), fc.constant(null));
  const frame = fc
    .object({ key: fc.constantFrom(...keys), values: [value], maxDepth: 4, maxKeys: 6 })
    .map((object) => Buffer.from(JSON.stringify(object)));
  return fc.array(fc.oneof({ weight: 9, arbitrary: frame }, fc.uint8Array({ maxLength: 20 })), {
    maxLength: 6,
  });
}

/** Does it, and tells whether it was refused; anything but a refusal is a fault. */
function isRefused(act: () => void): boolean {
  try {
    act();
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(ResponseFormatError);
    return true;
  }
}

test.each(APIS)('whatever a server of %s sends, it is a response or refused as one', (api) => {
  fc.assert(
    fc.property(framesOf(api), fc.boolean(), fc.integer({ min: 1, max: 3 }), (frames, isNamed, choices) => {
      const reader = adapterOf(api).createReader();
      const answer = reader.createAccumulator();
      for (let stream = 0; stream < 2; stream++) {
        answer.reset(choices);
        for (const frame of frames) {
          if (answer.isDone || isRefused(() => void answer.onMessage(frame, 0, frame.length, isNamed))) break;
        }
        answer.incompleteness();
        expect(answer.answer().output).toHaveProperty('output');
      }
      for (const frame of frames) isRefused(() => void reader.readBody(frame, 0, frame.length, choices));
    }),
    { numRuns: 500 },
  );
});
