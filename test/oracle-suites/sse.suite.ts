import { InferometerError } from '../../src/core/errors.ts';
import {
  fullText,
  mergeToolCalls,
  messageParts,
  messagePartsAfterFirstChunk,
  textAfterFirstChunk,
} from '../../src/core/model-output-text.ts';
import type { MessageParts } from '../../src/core/model-output-text.ts';
import {
  type ApiAdapter,
  type AnswerReader,
  type FinalOutput,
  ResponseFormatError,
  type SampleInput,
  type StreamAccumulator,
} from '../../src/protocol/adapter.ts';
import { adapterOf } from '../../src/protocol/adapters.ts';
import { NO_CHUNK } from '../../src/protocol/chunk-code.ts';
import type { FrameSink } from '../../src/protocol/framing.ts';
import { SseParser } from '../../src/protocol/sse.ts';
import { differences } from './compare.ts';
import { type OracleCase, type OracleSuite, readOracle } from './suite.ts';

interface GoldenResult {
  readonly output: unknown;
  readonly reasoning: unknown;
  readonly tool_calls: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly full_text: string;
  readonly text_after_first_chunk: string;
  readonly message_parts: unknown;
  readonly message_parts_after_first_chunk: unknown;
}

interface GoldenChunk {
  readonly chunk: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

interface GoldenStream {
  readonly api: ApiLabel;
  readonly name: string;
  readonly split: string;
  readonly reads_utf8_or_hex?: readonly string[] | null;
  /** Null when the reads are given. */
  readonly stream_text: string | null;
  readonly stream_all_chunks: boolean;
  readonly emitted: readonly GoldenChunk[];
  readonly final: GoldenResult;
}

interface GoldenBody {
  readonly api: ApiLabel;
  readonly name: string;
  readonly body: unknown;
  readonly result?: GoldenResult;
  readonly raises?: string;
}

interface GoldenRequest {
  readonly api: ApiLabel;
  readonly query_data: SampleInput;
  readonly request_body?: Readonly<Record<string, unknown>>;
  readonly raises?: string;
}

interface SseFile {
  readonly streams: readonly GoldenStream[];
  readonly bodies: readonly GoldenBody[];
  readonly requests: readonly GoldenRequest[];
}

const ADAPTER_OF_LABEL = {
  openai: adapterOf('chat'),
  openai_completions: adapterOf('completions'),
  sglang: adapterOf('sglang'),
} as const satisfies Record<string, ApiAdapter>;
type ApiLabel = keyof typeof ADAPTER_OF_LABEL;

/** The model the reference names when the query names none; our configuration always has one. */
const DEFAULT_MODEL = 'no-model-name';
const EXACT = 0;

/** Metadata of the reference that we don't carry: SGLang's token ids, and whether it took tokens back. */
const NOT_CARRIED: ReadonlySet<string> = new Set(['token_ids', 'retraction_occurred']);

function cases(): readonly OracleCase[] {
  const { streams, bodies, requests } = readOracle<SseFile>('sse.json');
  return [
    ...streams.map((golden) => ({
      name: `stream ${golden.api}, ${golden.name}, ${golden.split}${golden.stream_all_chunks ? ', all chunks' : ''}`,
      run: () => streamDifferences(golden),
    })),
    ...bodies.map((golden) => ({
      name: `body ${golden.api}, ${golden.name}`,
      run: () => bodyDifferences(golden),
    })),
    ...requests.map((golden, position) => ({
      name: `request #${position} ${golden.api}`,
      run: () => requestDifferences(golden),
    })),
  ];
}

/** What a stream gave: its chunks with the text each added, and its answer. */
interface StreamOutcome {
  readonly chunks: readonly string[];
  readonly final: FinalOutput;
}

/**
 * Five rules where we depart from the reference:
 * - a frame that can't be decoded costs only itself, there also what followed it in the same read. Where the reference lost frames,
 *   the golden result must be ours for the frames it kept, and the whole stream must give what its decodable frames give;
 * - messages are what the standard says, there what stands on lines of their own between LF LF. The same two checks hold.
 * - a frame that reports an error ends the sample as failed, with what came before it. The reference passes over it.
 * - a frame counts with all it holds. The reference sees the first choice alone, and no reasoning beside content: the golden result must be
 *   ours for frames cut down to that.
 * - a tool call that brings something is a chunk each time. The reference counts it when it is the first of the sample.
 * In each case the result must not depend on how the stream is cut.
 */
function streamDifferences(golden: GoldenStream): string[] {
  const adapter = ADAPTER_OF_LABEL[golden.api];
  const reads = readsOf(golden);
  const stream = Buffer.concat(reads);
  const accumulator = adapter.createReader().createAccumulator();
  const found = outcomeOfReads(accumulator, reads);

  const decodable = messagesOf(stream.toString()).filter((message) => isDecodable(adapter, message));
  const kept = referenceFrames(adapter, reads);
  const sameFrames = differences(kept, decodable).length === 0;
  const seen = (sameFrames ? decodable : kept).map(asTheReferenceSees);
  const comparable = outcomeOfMessages(accumulator, seen);
  return [
    ...differences(goldenChunks(golden), shownChunks(golden, comparable), EXACT, '$.emitted'),
    ...resultDifferences(golden.final, streamResult(golden.api, comparable)),
    ...differences(outcomeOfMessages(accumulator, decodable), found, EXACT, '$.whole'),
    ...differences(found, outcomeOfReads(accumulator, singleBytes(stream)), EXACT, '$.byte_by_byte'),
  ];
}

/** A frame with its first choice alone, and of that no reasoning beside content. */
function asTheReferenceSees(message: string): string {
  const frame = JSON.parse(message) as { choices?: { delta?: Record<string, unknown> }[] };
  if (!Array.isArray(frame.choices)) return message;
  const [choice] = frame.choices;
  if (choice === undefined) return message;
  const isReasoning = ([field]: readonly [string, unknown]) => field.startsWith('reasoning');
  const delta = choice.delta?.content
    ? Object.fromEntries(Object.entries(choice.delta).filter((field) => !isReasoning(field)))
    : choice.delta;
  return JSON.stringify({ ...frame, choices: [{ ...choice, delta }] });
}

const HEX = /^(?:[0-9a-f]{2})*$/;

function readsOf({ reads_utf8_or_hex: reads, stream_text: text }: GoldenStream): readonly Buffer[] {
  if (reads === undefined || reads === null) return [Buffer.from(text ?? '')];
  const encoding = reads.every((read) => HEX.test(read)) ? 'hex' : 'utf8';
  return reads.map((read) => Buffer.from(read, encoding));
}

function singleBytes(stream: Buffer): readonly Buffer[] {
  return Array.from(stream, (_byte, position) => stream.subarray(position, position + 1));
}

function outcomeOfReads(accumulator: StreamAccumulator, reads: readonly Buffer[]): StreamOutcome {
  const collector = new Collector(accumulator);
  const parser = new SseParser(collector);
  for (const read of reads) parser.feed(read, 0, read.length);
  parser.finish();
  return collector.outcome();
}

function outcomeOfMessages(accumulator: StreamAccumulator, messages: readonly string[]): StreamOutcome {
  const collector = new Collector(accumulator);
  for (const message of messages) {
    const bytes = Buffer.from(message);
    collector.onMessage(bytes, 0, bytes.length, false);
  }
  return collector.outcome();
}

/** Feeds an accumulator and notes by how much the answer grew at each chunk. */
class Collector implements FrameSink {
  readonly #accumulator: StreamAccumulator;
  readonly #chunks: string[] = [];
  /** Of reasoning and output. */
  #textsBefore: readonly string[] = ['', ''];

  constructor(accumulator: StreamAccumulator) {
    this.#accumulator = accumulator;
    accumulator.reset(1);
  }

  onMessage(buffer: Uint8Array, start: number, end: number, isNamed: boolean): void {
    let code: number;
    try {
      code = this.#accumulator.onMessage(buffer, start, end, isNamed);
    } catch (error) {
      if (error instanceof ResponseFormatError) return;
      throw error;
    }
    const { reasoning, output } = this.#accumulator.answer().output;
    const texts = [reasoning ?? '', output].map((text) => [text].flat().join(''));
    if (code !== NO_CHUNK) {
      this.#chunks.push(texts.map((text, part) => text.slice(this.#textsBefore[part]!.length)).join(''));
    }
    this.#textsBefore = texts;
  }

  onFailure(): void {
    // The reference knows no other failures than frames that report one.
  }

  onLooseData(buffer: Uint8Array, start: number, end: number): void {
    this.#accumulator.onLooseData(buffer, start, end);
  }

  outcome(): StreamOutcome {
    return { chunks: [...this.#chunks], final: this.#accumulator.answer() };
  }
}

/** The data of the messages in a stream by the standard, read naively: a message that nothing ends is none. */
function messagesOf(stream: string): string[] {
  const lines = stream.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  const messages: string[] = [];
  let data: string[] = [];
  for (const line of lines) {
    if (line === '' && data.length > 0) {
      messages.push(data.join('\n'));
      data = [];
    }
    const match = /^data(?:: ?(.*))?$/s.exec(line);
    if (match !== null) data.push(match[1] ?? '');
  }
  return messages;
}

/** The frames the reference would have taken: see the client in the behaviour specification. */
function referenceFrames(adapter: ApiAdapter, reads: readonly Buffer[]): string[] {
  const kept: string[] = [];
  const takeParts = (parts: readonly string[]) => {
    for (const frame of parts.flatMap(framesOfPart)) {
      if (!isDecodable(adapter, frame)) return;
      kept.push(frame);
    }
  };
  let tail = '';
  for (const read of reads) {
    const parts = (tail + read.toString('latin1')).split('\n\n');
    tail = parts.pop()!;
    takeParts(parts);
  }
  takeParts([tail]);
  return kept;
}

function framesOfPart(latin1: string): string[] {
  const part = Buffer.from(latin1, 'latin1').toString();
  return Array.from(part.matchAll(/data:\s*(\{[^\n]*\})/g), ([, frame]) => frame!);
}

function isDecodable(adapter: ApiAdapter, message: string): boolean {
  const bytes = Buffer.from(message);
  if (!message.trimStart().startsWith('{')) return false;
  try {
    const accumulator = adapter.createReader().createAccumulator();
    accumulator.reset(1);
    accumulator.onMessage(bytes, 0, bytes.length, false);
    return true;
  } catch (error) {
    return error instanceof ResponseFormatError && error.errorType === 'server_error';
  }
}

/** The texts of the chunks, which of them was the first, and, as they can't be seen from outside, nothing else. */
function goldenChunks({ emitted }: GoldenStream): unknown {
  return emitted.map(({ chunk, metadata }) => ({ chunk, first_chunk: metadata.first_chunk }));
}

function shownChunks({ stream_all_chunks: all }: GoldenStream, { chunks }: StreamOutcome): unknown {
  return chunks
    .filter((chunk, position) => position === 0 || chunk !== '')
    .slice(0, all ? undefined : 1)
    .map((chunk, position) => ({ chunk, first_chunk: position === 0 }));
}

function streamResult(api: ApiLabel, { chunks, final }: StreamOutcome): GoldenResult {
  const merged = mergeToolCalls(final.output.toolCalls);
  return {
    ...resultOf(final),
    metadata: {
      first_chunk: chunks.length === 0,
      final_chunk: true,
      ...(merged === null ? {} : { tool_calls: merged }),
      ...endOf(api, final),
    },
  };
}

/** The second time the reader may know the body's shape. */
function readTwice(reader: AnswerReader, body: Uint8Array): FinalOutput {
  reader.readBody(body, 0, body.length, 1);
  return reader.readBody(body, 0, body.length, 1);
}

/** Bodies that the reference refuses for what we do not need, or for a server that says the same twice. */
const READ_ALL_THE_SAME: ReadonlySet<string> = new Set([
  'both reasoning fields',
  'no id',
  'text',
  'text, only id and choices',
  'missing meta',
]);

function bodyDifferences({ api, name, body, result, raises }: GoldenBody): string[] {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  let found: FinalOutput;
  try {
    found = readTwice(ADAPTER_OF_LABEL[api].createReader(), Buffer.from(text));
  } catch (error) {
    if (!(error instanceof ResponseFormatError)) throw error;
    return raises === undefined ? [`wanted an answer, found ${error.message}`] : [];
  }
  if (result === undefined) {
    return READ_ALL_THE_SAME.has(name) ? [] : [`wanted ${raises}, found ${JSON.stringify(found)}`];
  }
  const { reasoning, toolCalls } = found.output;
  return resultDifferences(result, {
    ...resultOf(found),
    metadata: {
      ...(reasoning === null ? {} : { reasoning_content: reasoning }),
      ...(toolCalls === null ? {} : { tool_calls: toolCalls }),
      ...endOf(api, found),
    },
  });
}

/** The reference tells the finish reason of the OpenAI APIs, and the number of tokens of SGLang. */
function endOf(api: ApiLabel, { finishReason, tokens }: FinalOutput): Record<string, unknown> {
  if (api === 'sglang') return { n_tokens: tokens.completionTokens };
  return finishReason === null ? {} : { finish_reason: finishReason };
}

function resultOf({ output }: FinalOutput): Omit<GoldenResult, 'metadata'> {
  return {
    output: output.output,
    reasoning: output.reasoning,
    tool_calls: output.toolCalls,
    full_text: fullText(output),
    text_after_first_chunk: textAfterFirstChunk(output),
    message_parts: partsList(messageParts(output)),
    message_parts_after_first_chunk: partsList(messagePartsAfterFirstChunk(output)),
  };
}

function partsList({ content, reasoning, toolCalls }: MessageParts): readonly unknown[] {
  return [content, reasoning, toolCalls];
}

function resultDifferences(golden: GoldenResult, found: GoldenResult): string[] {
  const carried = Object.entries(golden.metadata).filter(([name]) => !NOT_CARRIED.has(name));
  return differences({ ...golden, metadata: Object.fromEntries(carried) }, found, EXACT, '$.final');
}

/** We also ask by text where the reference's APIs take tokens only. */
const ASKED_BY_PROMPT = {
  openai: null,
  openai_completions: (prompt: unknown) => ({ model: DEFAULT_MODEL, prompt }),
  sglang: (prompt: unknown) => ({
    text: prompt,
    sampling_params: { max_new_tokens: 10_240, temperature: 1, top_p: 1 },
  }),
} as const;

function requestDifferences({ api, query_data: query, request_body, raises }: GoldenRequest): string[] {
  const options = {
    model: typeof query.model === 'string' ? query.model : DEFAULT_MODEL,
    streaming: query.stream === true,
    includeUsage: false,
  };
  const ours = ASKED_BY_PROMPT[api];
  const isOnlyPrompt = Object.keys(query).join() === 'prompt';
  const wanted = request_body ?? (isOnlyPrompt ? ours?.(query.prompt) : undefined);
  let found: Record<string, unknown>;
  try {
    found = ADAPTER_OF_LABEL[api].requestBody(query, options);
  } catch (error) {
    if (!(error instanceof InferometerError) || error.kind !== 'input') throw error;
    return wanted === undefined ? [] : [`wanted a request, found ${error.message}`];
  }
  return wanted === undefined ? [`wanted ${raises}, found a request`] : differences(wanted, found, EXACT);
}

export const suite: OracleSuite = { name: 'sse', cases };
