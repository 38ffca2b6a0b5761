import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PayloadChecker } from './payload-check.ts';
import { decodePayload, PayloadEncoder } from './payload.ts';

const payloads = new PayloadEncoder();
const checker = new PayloadChecker();

/** The end of the payload at the start of `bytes`, which stands in the middle of others. */
function endOf(bytes: Uint8Array): number {
  const around = new Uint8Array(3 + bytes.length + 8);
  around.set(bytes, 3);
  const end = checker.endOf(new DataView(around.buffer), 3, 3 + bytes.length);
  return end < 0 ? -1 : end - 3;
}

function isFine(bytes: Uint8Array): boolean {
  try {
    decodePayload(bytes);
    return true;
  } catch {
    return false;
  }
}

const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string()), fc.constant('x'.repeat(300)));
const object = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<Record<string, never>>;
const objects = fc.array(object);

const usual = fc.oneof(
  fc
    .record({ output: texts, reasoning: fc.option(texts), toolCalls: fc.option(objects) })
    .map((output) => payloads.textModelOutput(output)),
  fc
    .record({
      text: fc.option(fc.string()),
      tokenIds: fc.option(fc.array(fc.integer())),
      messages: fc.option(objects),
      tools: fc.option(objects),
      chatTemplateKwargs: fc.option(object),
      chatTemplate: fc.option(fc.string()),
      toolChoice: fc.jsonValue() as fc.Arbitrary<null>,
    })
    .map((prompt) => payloads.promptData(prompt)),
  fc.record({ errorType: fc.string(), errorMessage: fc.string() }).map((error) => payloads.errorData(error)),
);

/** Tagged arrays of anything, fine or not. */
const anything = fc
  .tuple(
    fc.constantFrom('TextModelOutput', 'PromptData', 'ErrorData', 'TextModelOutpuu', 'Promptdata'),
    fc.array(
      fc.oneof(fc.string(), fc.constant(null), objects, fc.array(fc.anything()), fc.double(), object),
      {
        maxLength: 8,
      },
    ),
  )
  .map(([tag, fields]) => encode([tag, ...fields], { ignoreUndefined: true, useBigInt64: true }));

describe('PayloadChecker', () => {
  it('knows what the reference writes, up to its end', () => {
    fc.assert(
      fc.property(usual, (bytes) => {
        // Objects of many or long keys and lists of more than 65 535 are left to the general reader.
        const end = endOf(bytes);
        if (end !== -1) expect(end).toBe(bytes.length);
        else expect(bytes.length).toBeGreaterThan(20);
      }),
    );
    const plain = [
      payloads.textModelOutput({ output: 'héllo', reasoning: null, toolCalls: null }),
      payloads.textModelOutput({
        output: ['a', 'b'.repeat(70_000)],
        reasoning: 'c',
        toolCalls: [{ id: 1.5 }],
      }),
      encode(['PromptData', null, [1, 200, 70_000], [{ role: 'user', content: ['x', { y: [true] }] }]]),
      payloads.errorData({ errorType: 'timeout', errorMessage: '' }),
    ];
    for (const bytes of plain) expect(endOf(bytes)).toBe(bytes.length);
  });

  it('accepts nothing that decodePayload refuses', () => {
    const damaged = fc
      .tuple(fc.oneof(usual, anything), fc.nat(), fc.integer({ min: 0, max: 0xff }), fc.nat())
      .map(([bytes, at, byte, length]) => {
        const copy = bytes.slice(0, length % 3 === 0 ? length % (bytes.length + 1) : undefined);
        if (copy.length > 0 && length % 2 === 0) copy[at % copy.length] = byte;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(anything, damaged), (bytes) => {
        const end = endOf(bytes);
        if (end >= 0) expect(isFine(bytes.subarray(0, end))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('accepts no damaged byte that decodePayload refuses, whichever it is', () => {
    const forms = {
      texts: payloads.textModelOutput({ output: ['a', 'é'], reasoning: 'b'.repeat(33), toolCalls: null }),
      toolCalls: payloads.textModelOutput({
        output: '',
        reasoning: null,
        toolCalls: [{ id: 1.5, function: { arguments: '{}' } }],
      }),
      prompt: payloads.promptData({
        ...{
          text: 't',
          tokenIds: [1, 200, 70_000, -5],
          chatTemplate: null,
          toolChoice: { x: [1, 'z', true] },
        },
        ...{ messages: [{ role: 'user', content: ['x', { y: [null] }] }], tools: [{}] },
        chatTemplateKwargs: { __proto_: 1, x_proto__: 2 },
      }),
      error: payloads.errorData({ errorType: 'timeout', errorMessage: 'x'.repeat(33) }),
    };
    const differing: string[] = [];
    for (const [form, bytes] of Object.entries(forms)) {
      for (let at = 0; at < bytes.length; at++) {
        for (let byte = 0; byte <= 0xff; byte++) {
          const damaged = bytes.with(at, byte);
          const end = endOf(damaged);
          if (end >= 0 && !isFine(damaged.subarray(0, end))) differing.push(`${form}: byte ${at} as ${byte}`);
        }
      }
      for (let length = 0; length < bytes.length; length++) {
        if (endOf(bytes.subarray(0, length)) !== -1) differing.push(`${form}: cut at ${length}`);
      }
    }
    expect(differing).toEqual([]);
  });

  it('refuses `__proto__` in UTF-8 that is none, as readers refuse it', () => {
    for (const underscore of [
      [0xc1, 0x9f],
      [0xc1, 0x1f],
      [0xe0, 0x81, 0x9f],
      [0xf0, 0x80, 0x81, 0x9f],
    ]) {
      const key = Buffer.from([...underscore, ...Buffer.from('_proto__')]);
      const map = Buffer.concat([Uint8Array.of(0x81, 0xa0 | key.length), key, Uint8Array.of(0xc0)]);
      const bytes = encode(['PromptData', null, null, null, null, 0]);
      const whole = Buffer.concat([bytes.subarray(0, -1), map]);
      expect(isFine(whole)).toBe(false);
      expect(endOf(whole)).toBe(-1);
    }
    const legal = encode(['PromptData', null, null, null, null, { ßproto: 1, naïve_proto__: 2 }]);
    expect(endOf(legal)).toBe(legal.length);
  });

  it('refuses keys and depths that readers refuse', () => {
    const nested = (key: string) => encode(['PromptData', null, null, [JSON.parse(`{"${key}": 1}`)]]);
    expect(endOf(nested('__proto__'))).toBe(-1);
    expect(endOf(nested('_proto_'))).toBeGreaterThan(0);
    const deep = JSON.parse(`${'['.repeat(60)}${']'.repeat(60)}`) as unknown;
    expect(endOf(encode(['PromptData', null, null, null, null, null, null, deep]))).toBe(-1);
  });
});
