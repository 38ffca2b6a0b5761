import { jsonText } from '../core/json-text.ts';
import {
  type FinalOutput,
  type ReportedTokens,
  ResponseFormatError,
  type StreamAccumulator,
} from './adapter.ts';
import { type ChunkCode, NO_CHUNK } from './chunk-code.ts';
import type { FrameNews, FrameReader } from './frame-reader.ts';
import { NO_PARTS } from './frame-reader.ts';
import { FrameAccumulator } from './frame-stream.ts';
import { isJsonObject, type JsonObject, malformed, parseJson, shown } from './json.ts';
import { valueAt } from './json-pointer.ts';
import { finishReasonIn } from './openai-choice.ts';
import { countOf, refuseError, refuseReason, serverError, UNKNOWN_TOKENS } from './openai-reply.ts';
import type { MemoryAccount } from './response-memory.ts';
import { wholeOutput } from './whole-output.ts';

const SPACE = 0x20;

/** JSON pointers (RFC 6901); of several, the first one with a value counts. */
export type Pointers = readonly string[];

/** Where a template finds what is measured; without pointers it isn't measured. */
export interface TemplateResponse {
  readonly text: Pointers;
  readonly reasoning: Pointers;
  readonly finishReason: Pointers;
  readonly promptTokens: Pointers;
  readonly completionTokens: Pointers;
  readonly cachedTokens: Pointers;
  readonly error: Pointers;
  /** What ends a stream: data that is exactly this text, or a message with something true at the pointer. */
  readonly terminator?: { readonly text: string } | { readonly pointer: string } | undefined;
}

/** Collects the messages of a stream. A terminator that is a text need not be JSON, so it is looked for before a message is parsed. */
export class TemplateAccumulator implements StreamAccumulator {
  readonly #inner: FrameAccumulator;
  /** Bytes of the text that ends the stream. */
  readonly #terminator: Uint8Array | undefined;
  #hasTerminator = false;

  constructor(response: TemplateResponse, account?: MemoryAccount) {
    const { terminator } = response;
    this.#inner = new FrameAccumulator(new TemplateFrameReader(response), account);
    this.#terminator =
      terminator !== undefined && 'text' in terminator ? Buffer.from(terminator.text) : undefined;
  }

  get moreChunks(): readonly ChunkCode[] {
    return this.#inner.moreChunks;
  }

  get isDone(): boolean {
    return this.#hasTerminator || this.#inner.isDone;
  }

  reset(choices: number): void {
    this.#hasTerminator = false;
    this.#inner.reset(choices);
  }

  onMessage(buffer: Uint8Array, start: number, end: number, isNamed: boolean): ChunkCode {
    if (this.#isTerminator(buffer, start, end)) {
      this.#hasTerminator = true;
      return NO_CHUNK;
    }
    return this.#inner.onMessage(buffer, start, end, isNamed);
  }

  onLooseData(buffer: Uint8Array, start: number, end: number): void {
    if (this.#isTerminator(buffer, start, end)) this.#hasTerminator = true;
    else this.#inner.onLooseData(buffer, start, end);
  }

  answer(): FinalOutput {
    return this.#inner.answer();
  }

  incompleteness(): ResponseFormatError | undefined {
    if (!this.#hasTerminator) return this.#inner.incompleteness();
    const { isEmpty, finishReason } = this.answer();
    if (!isEmpty || finishReason !== null) return undefined;
    return new ResponseFormatError('empty_answer', 'the stream holds nothing but its terminator');
  }

  #isTerminator(buffer: Uint8Array, start: number, end: number): boolean {
    if (this.#terminator === undefined) return false;
    let [from, to] = [start, end];
    while (from < to && buffer[from]! <= SPACE) from += 1;
    while (to > from && buffer[to - 1]! <= SPACE) to -= 1;
    const terminator = this.#terminator;
    return to - from === terminator.length && terminator.every((byte, at) => buffer[from + at] === byte);
  }
}

class TemplateFrameReader implements FrameReader {
  readonly endsUntold: boolean;
  readonly #response: TemplateResponse;

  constructor(response: TemplateResponse) {
    this.#response = response;
    // Where the file names nothing that could end a stream, the end of its message has to do.
    this.endsUntold = response.terminator === undefined && response.finishReason.length === 0;
  }

  reset(): void {
    // Nothing is kept from message to message.
  }

  read(frame: JsonObject): FrameNews {
    const response = this.#response;
    refuseErrorAt(frame, response);
    const content = textAt(frame, response.text, 'text');
    const reasoning = textAt(frame, response.reasoning, 'reasoning');
    const { terminator } = response;
    const ends =
      terminator !== undefined && 'pointer' in terminator && Boolean(valueAt(frame, terminator.pointer));
    const finishReason = finishReasonIn(firstAt(frame, response.finishReason));
    const says = content !== undefined || reasoning !== undefined || ends || finishReason !== null;
    const tokens = tokensAt(frame, response);
    if (!says && tokens === undefined) refuseReason(frame);
    return {
      parts: { content: content ?? '', reasoning: reasoning ?? '' },
      ...{ finishReason, tokens, ends },
    };
  }
}

/** The response in a body that is not streamed. Throws `ResponseFormatError`. */
export function readTemplateBody(
  response: TemplateResponse,
  buffer: Uint8Array,
  start: number,
  end: number,
): FinalOutput {
  const reply = parseJson(buffer, start, end);
  if (isJsonObject(reply)) refuseError(reply);
  refuseErrorAt(reply, response);
  const content = textAt(reply, response.text, 'text');
  const reasoning = textAt(reply, response.reasoning, 'reasoning');
  if (content === undefined && reasoning === undefined) {
    if (isJsonObject(reply)) refuseReason(reply);
    throw malformed(
      `the response has no text at ${placesText(response.text)} (got ${shown(jsonText(reply))})`,
    );
  }
  const parts = { ...NO_PARTS, content: content ?? '', reasoning: reasoning ?? '' };
  const finishReason = finishReasonIn(firstAt(reply, response.finishReason));
  return wholeOutput([parts], finishReason, tokensAt(reply, response) ?? UNKNOWN_TOKENS);
}

/** An error that says nothing (null, false, 0, an empty text, object or list) is none. */
function refuseErrorAt(reply: unknown, { error }: TemplateResponse): void {
  for (const pointer of error) {
    const told = valueAt(reply, pointer);
    const isVoid = typeof told === 'object' && told !== null ? Object.keys(told).length === 0 : !told;
    if (!isVoid) throw serverError(told);
  }
}

function textAt(reply: unknown, pointers: Pointers, what: string): string | undefined {
  const value = firstAt(reply, pointers);
  if (value === undefined || typeof value === 'string') return value;
  throw malformed(`${what} at ${placesText(pointers)} must be text (got ${shown(jsonText(value))})`);
}

/** The first value that is there; null is none. */
function firstAt(reply: unknown, pointers: Pointers): unknown {
  for (const pointer of pointers) {
    const value = valueAt(reply, pointer) ?? undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

function tokensAt(reply: unknown, response: TemplateResponse): ReportedTokens | undefined {
  const tokens = {
    ...UNKNOWN_TOKENS,
    promptTokens: countOf(firstAt(reply, response.promptTokens)),
    completionTokens: countOf(firstAt(reply, response.completionTokens)),
    cachedTokens: countOf(firstAt(reply, response.cachedTokens)),
  };
  return Object.values(tokens).every(Number.isNaN) ? undefined : tokens;
}

function placesText(pointers: Pointers): string {
  return pointers.map((pointer) => (pointer === '' ? '""' : pointer)).join(' or ');
}
