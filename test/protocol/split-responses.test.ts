import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { skipPreamble } from '../../src/engine/body-kind.ts';
import { type AnswerReader, ResponseFormatError } from '../../src/protocol/adapter.ts';
import type { ApiTemplate } from '../../src/protocol/api-template.ts';
import { ADAPTERS, adapterOf, type ApiName } from '../../src/protocol/adapters.ts';
import type { FrameSink } from '../../src/protocol/framing.ts';
import { toldFailure } from '../../src/protocol/openai-reply.ts';
import { latin1, outcome } from './read-response.ts';

/** Of the golden answers: what their names begin with, by API. */
const GOLDEN: Readonly<Record<ApiName, RegExp>> = {
  chat: /^chat-/,
  completions: /^completions-/,
  responses: /^responses-/,
  anthropic: /^anthropic-/,
  ollama: /^ollama-(?!generate|whole-embed)/,
  'ollama-generate': /^ollama-generate-/,
  sglang: /^sglang-/,
  tgi: /^tgi-/,
  llamacpp: /^llamacpp-/,
  triton: /^(triton|kserve-generate)-/,
  kserve: /^kserve-infer-/,
  embeddings: /^(embeddings|pooling)-/,
  'ollama-embed': /^ollama-whole-embed/,
  rerank: /^rerank-/,
  score: /^score-/,
  images: /^images-/,
  speech: /^speech-/,
  transcription: /^transcription-/,
};

interface GoldenResponse {
  readonly name: string;
  readonly response?: string;
  readonly response_base64?: string;
}

const ORACLES = join(import.meta.dirname, '../oracles/responses.json');
const { responses } = JSON.parse(readFileSync(ORACLES, 'utf8')) as { responses: readonly GoldenResponse[] };

/** The bodies of the golden answers of an API, as bytes. */
function bodiesOf(named: RegExp): readonly Buffer[] {
  return responses
    .filter(({ name }) => named.test(name))
    .flatMap(({ response, response_base64: encoded = '' }) => {
      const bytes = response === undefined ? Buffer.from(encoded, 'base64') : Buffer.from(response);
      return outcome(bytes).messages.map(({ body }) => latin1(body));
    });
}

/** OpenAI's chat API, as somebody would describe it. */
const TEMPLATE: ApiTemplate = {
  ...{ name: 'template:chat.yaml', method: 'POST', path: '/x', headers: {}, body: {}, framing: 'sse' },
  response: {
    text: ['/choices/0/delta/content', '/choices/0/message/content'],
    reasoning: ['/choices/0/delta/reasoning_content'],
    finishReason: ['/choices/0/finish_reason'],
    promptTokens: ['/usage/prompt_tokens'],
    completionTokens: ['/usage/completion_tokens'],
    cachedTokens: [],
    error: [],
    terminator: { text: '[DONE]' },
  },
};

/** What a reader makes of a body that comes in pieces ending at `ends`, as an engine would give it them. */
function readingOf(
  reader: AnswerReader,
  body: Buffer,
  ends: readonly number[],
  answer = reader.createAccumulator(),
): unknown {
  const { framing } = reader;
  const start = framing.isBinary === true ? 0 : skipPreamble(body, 0, body.length);
  const said: unknown[] = [];
  try {
    if (start === body.length || !framing.isStream(body, start, body.length, false, true)) {
      return plain(reader.readBody(body, start, body.length, 1));
    }
    answer.reset(1);
    let failure: unknown;
    const attempt = (read: () => unknown) => {
      if (failure !== undefined || answer.isDone) return;
      try {
        const found = read();
        if (found !== 0) said.push(found, [...answer.moreChunks]);
      } catch (error) {
        failure = told(error);
      }
    };
    const sink: FrameSink = {
      onMessage: (buffer, from, to, isNamed) => attempt(() => answer.onMessage(buffer, from, to, isNamed)),
      onFailure: (buffer, from, to) =>
        attempt(() => {
          throw toldFailure(buffer, from, to);
        }),
      onLooseData: (buffer, from, to) => attempt(() => (answer.onLooseData(buffer, from, to), 0)),
    };
    const parser = framing.createParser(sink);
    for (const [index, end] of ends.entries()) {
      // Each read overwrites the bytes of the one before.
      const piece = Buffer.from(body.subarray(ends[index - 1] ?? start, end));
      parser.feed(piece, 0, piece.length);
      piece.fill(0);
    }
    if (!answer.isDone) parser.finish();
    return [said, failure, told(answer.incompleteness()), plain(answer.answer())];
  } catch (error) {
    return [said, told(error)];
  }
}

/** What can be told of a response after its bytes are gone. */
function plain(final: ReturnType<AnswerReader['readBody']>): unknown {
  const { finishReason, firstChunkTokens, isEmpty, items, dimensions, bytes, audioNs } = final;
  const facts = { finishReason, firstChunkTokens, isEmpty, items, dimensions, bytes, audioNs };
  return { ...facts, output: { ...final.output }, tokens: { ...final.tokens } };
}

function told(error: unknown): unknown {
  if (error === undefined) return undefined;
  if (!(error instanceof ResponseFormatError)) throw error as Error;
  return [error.errorType, error.message];
}

const APIS = [...(Object.keys(ADAPTERS) as ApiName[]), 'template'] as const;

describe.each(APIS)('%s', (api) => {
  const bodies = bodiesOf(api === 'template' ? GOLDEN.chat : GOLDEN[api]);
  const createReader = () => adapterOf(api === 'template' ? TEMPLATE : api).createReader();
  const places = fc.array(fc.nat(), { maxLength: 12 });
  const cutBody = fc
    .tuple(fc.constantFrom(...bodies), places)
    .map(([body, cuts]): readonly [body: Buffer, ends: readonly number[]] => {
      const start = skipPreamble(body, 0, body.length);
      const ends = cuts.map((cut) => start + (cut % (body.length - start + 1)));
      return [body, [...new Set([...ends, body.length])].sort((a, b) => a - b)];
    });

  test('reads a response the same however it is cut, and whatever was read before', () => {
    expect(bodies.length).toBeGreaterThan(0);
    const used = createReader();
    const usedAnswer = used.createAccumulator();
    fc.assert(
      fc.property(cutBody, ([body, ends]) => {
        const wanted = readingOf(createReader(), body, [body.length]);
        expect(readingOf(createReader(), body, ends)).toEqual(wanted);
        expect(readingOf(used, body, ends, usedAnswer)).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });

  test('reads a response that comes byte by byte', () => {
    for (const body of bodies.filter(({ length }) => length < 20_000)) {
      const everyByte = Array.from(body, (_, at) => at + 1).filter(
        (end) => end > skipPreamble(body, 0, body.length),
      );
      expect(readingOf(createReader(), body, everyByte)).toEqual(
        readingOf(createReader(), body, [body.length]),
      );
    }
  });
});
