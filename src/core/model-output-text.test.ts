import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fullText,
  isStructured,
  mergeToolCalls,
  messageParts,
  messagePartsAfterFirstChunk,
  textAfterFirstChunk,
} from './model-output-text.ts';
import type { TextModelOutput } from './model-output.ts';

function output(parts: Partial<TextModelOutput>): TextModelOutput {
  return { output: '', reasoning: null, toolCalls: null, ...parts };
}

interface GoldenOutput {
  readonly output: string | string[];
  readonly reasoning: string | string[] | null;
  readonly tool_calls: TextModelOutput['toolCalls'];
  readonly full_text: string;
  readonly text_after_first_chunk: string;
  readonly message_parts: unknown;
  readonly message_parts_after_first_chunk: unknown;
}

test('agrees with the reference on every golden answer', () => {
  const golden = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../test/oracles/sse.json'), 'utf8'),
  ) as { streams: { final: GoldenOutput | null }[]; bodies: { result?: GoldenOutput }[] };
  const wanted = [...golden.streams.map(({ final }) => final), ...golden.bodies.map(({ result }) => result)]
    .filter((answer) => answer !== null && answer !== undefined)
    .filter((answer) => 'full_text' in answer);
  expect(wanted.length).toBeGreaterThan(100);
  for (const answer of wanted) {
    const ours = output({
      output: answer.output,
      reasoning: answer.reasoning,
      toolCalls: answer.tool_calls,
    });
    const tuple = (parts: ReturnType<typeof messageParts>) => [
      parts.content,
      parts.reasoning,
      parts.toolCalls,
    ];
    expect(fullText(ours)).toBe(answer.full_text);
    expect(textAfterFirstChunk(ours)).toBe(answer.text_after_first_chunk);
    expect(tuple(messageParts(ours))).toEqual(answer.message_parts);
    expect(tuple(messagePartsAfterFirstChunk(ours))).toEqual(answer.message_parts_after_first_chunk);
  }
});

describe('text after the first chunk', () => {
  test('plain reasoning is the first chunk entirely; plain output behind it is not included', () => {
    expect(textAfterFirstChunk(output({ reasoning: 'why', output: 'plain' }))).toBe('');
    expect(textAfterFirstChunk(output({ reasoning: 'why', output: ['a', 'b'] }))).toBe('ab');
  });

  test('an empty chunk list has nothing to drop', () => {
    expect(textAfterFirstChunk(output({ reasoning: [], output: ['a', 'b'] }))).toBe('b');
    expect(textAfterFirstChunk(output({ output: [] }))).toBe('');
  });

  test('is the full text less the first chunk, for any chunked text', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string(), { minLength: 1 }), (reasoning, text) => {
        const answer = output({ reasoning, output: text });
        const first = reasoning.length > 0 ? reasoning[0]! : text[0]!;
        expect(first + textAfterFirstChunk(answer)).toBe(fullText(answer));
      }),
    );
  });
});

describe('merging tool calls', () => {
  test('nothing to merge is null', () => {
    expect(mergeToolCalls(null)).toBeNull();
    expect(mergeToolCalls([])).toBeNull();
  });

  test('finished calls stay as they are', () => {
    const finished = [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }];
    expect(mergeToolCalls(finished)).toBe(finished);
  });

  test('a partial without index belongs to call 0, and empty fields overwrite nothing', () => {
    const merged = mergeToolCalls([
      [{ id: 'c', type: 'custom', function: { name: 'f', arguments: '{"a"' } }],
      [{ id: '', type: null, function: { name: '', arguments: ':1}' } }, {}],
    ]);
    expect(JSON.stringify(merged)).toBe(
      '[{"type":"custom","function":{"arguments":"{\\"a\\":1}","name":"f"},"id":"c"}]',
    );
  });

  test('the calls come in the order of their index', () => {
    const merged = mergeToolCalls([
      [{ index: 10, id: 'ten' }],
      [{ index: 2, id: 'two' }],
      [{ index: 1, id: 'one' }],
    ]);
    expect(merged?.map(({ id }) => id)).toEqual(['one', 'two', 'ten']);
  });
});

test('reasoning or tool calls make an answer structured; empty ones do not', () => {
  expect(isStructured(output({ reasoning: 'r' }))).toBe(true);
  expect(isStructured(output({ toolCalls: [{}] }))).toBe(true);
  expect(isStructured(output({ reasoning: '', toolCalls: [] }))).toBe(false);
  expect(isStructured(output({ reasoning: [] }))).toBe(false);
});
