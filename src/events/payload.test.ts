import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorData, PromptData, TextModelOutput } from '../core/model-output.ts';
import { FRAME_HEADER_BYTES } from '../transport/frame.ts';
import { MsgpackWriter } from '../transport/msgpack-writer.ts';
import { decodePayload, PayloadEncoder, writeTextOutput } from './payload.ts';
import { decodePrompts, encodePromptsFrame } from './prompts-codec.ts';
import { WireFormatError } from './wire-format-error.ts';

const json = fc
  .jsonValue({ maxDepth: 3 })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown); // without -0
const text = fc.string({ unit: 'grapheme' });
const key = text.filter((name) => name !== '__proto__');
const object = fc.dictionary(key, json, { noNullPrototype: true });
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });

const output: fc.Arbitrary<TextModelOutput> = fc.record({
  output: fc.oneof(text, fc.array(text)),
  reasoning: orNull(fc.oneof(text, fc.array(text))),
  toolCalls: orNull(fc.oneof(fc.array(object), fc.array(fc.array(object)))),
});

const prompt: fc.Arbitrary<PromptData> = fc.record({
  text: orNull(text),
  tokenIds: orNull(fc.array(fc.nat())),
  messages: orNull(fc.array(object)),
  tools: orNull(fc.array(object)),
  chatTemplateKwargs: orNull(object),
  chatTemplate: orNull(text),
  toolChoice: json,
});

const error: fc.Arbitrary<ErrorData> = fc.record({ errorType: text, errorMessage: text });

describe('payloads', () => {
  const encoder = new PayloadEncoder();

  it('come back as they were', () => {
    fc.assert(
      fc.property(output, prompt, error, (anOutput, aPrompt, anError) => {
        expect(decodePayload(encoder.textModelOutput(anOutput))).toEqual({
          type: 'TextModelOutput',
          data: anOutput,
        });
        expect(decodePayload(encoder.promptData(aPrompt))).toEqual({ type: 'PromptData', data: aPrompt });
        expect(decodePayload(encoder.errorData(anError))).toEqual({ type: 'ErrorData', data: anError });
      }),
    );
  });

  it('of a text alone may be written from its UTF-8', () => {
    const writer = new MsgpackWriter();
    fc.assert(
      fc.property(text, (value) => {
        const bytes = Buffer.from(value);
        writeTextOutput(writer, bytes, 0, bytes.length);
        const whole = { output: value, reasoning: null, toolCalls: null };
        expect(writer.finish()).toEqual(encoder.textModelOutput(whole));
      }),
    );
  });

  it('may be shorter, which means defaults, or longer', () => {
    expect(decodePayload(encode(['TextModelOutput']))).toEqual({
      type: 'TextModelOutput',
      data: { output: '', reasoning: null, toolCalls: null },
    });
    expect(decodePayload(encode(['PromptData', 'p']))).toMatchObject({
      data: { text: 'p', toolChoice: null },
    });
    expect(decodePayload(encode(['ErrorData', 'T']))).toMatchObject({
      data: { errorType: 'T', errorMessage: '' },
    });
    expect(decodePayload(encode(['ErrorData', 'T', 'm', 'later']))).toMatchObject({ type: 'ErrorData' });
  });

  it.each([
    [['Nope', 1]],
    [[]],
    [{ type: 'ErrorData' }],
    [['ErrorData']],
    [['ErrorData', 1]],
    [['ErrorData', 'T', null]],
    [['TextModelOutput', null]],
    [['TextModelOutput', ['a', 1]]],
    [['TextModelOutput', '', 5]],
    [['TextModelOutput', '', null, {}]],
    [['TextModelOutput', '', null, ['text']]],
    [['PromptData', 5]],
    [['PromptData', null, [1.5]]],
    [['PromptData', null, null, ['text']]],
    [['PromptData', null, null, null, {}]],
    [['PromptData', null, null, null, null, []]],
    [['PromptData', null, null, null, null, null, 1]],
  ])('of another shape are refused: %j', (value) => {
    expect(() => decodePayload(encode(value))).toThrow(
      expect.objectContaining({ name: 'ValidationError' }) as WireFormatError,
    );
  });

  it('of a value nested too deep to be shown are refused', () => {
    const deep = new Uint8Array(100_001).fill(0x91);
    deep[100_000] = 0xc0;
    for (const head of [encode(['ErrorData', null]), encode([null])]) {
      const bytes = Buffer.concat([head.subarray(0, -1), deep]);
      expect(() => decodePayload(bytes)).toThrow('a value nested too deep to be shown');
    }
  });

  it('of malformed bytes are refused', () => {
    for (const bytes of [[], [0xc1], [0x92, 0xa1], [0x93, 0x01]]) {
      expect(() => decodePayload(Uint8Array.from(bytes))).toThrow(WireFormatError);
    }
  });
});

describe('prompts frames', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 32 - 1 }), fc.array(fc.uint8Array()), (firstRow, prompts) => {
        const frame = encodePromptsFrame({ firstRow, prompts });
        expect(decodePrompts(frame.subarray(FRAME_HEADER_BYTES))).toEqual({ firstRow, prompts });
      }),
    );
  });

  it('are refused when cut or spoiled', () => {
    const body = encodePromptsFrame({
      firstRow: 1,
      prompts: [Uint8Array.of(1, 2), Uint8Array.of(3)],
    }).subarray(FRAME_HEADER_BYTES);
    for (let length = 0; length < body.length; length++) {
      expect(() => decodePrompts(body.subarray(0, length))).toThrow(WireFormatError);
    }
    const falling = body.slice();
    falling.set([3, 0, 0, 0, 2], 8);
    expect(() => decodePrompts(falling)).toThrow(WireFormatError);
    expect(() => decodePrompts(Buffer.concat([body, Buffer.alloc(1)]))).toThrow(WireFormatError);
  });
});
