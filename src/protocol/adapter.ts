import type { MemoryAccount } from './response-memory.ts';
import { ResponseFormatError } from './response-format-error.ts';
import type { ResponseKind } from '../core/response-kind.ts';
import type { TextModelOutput } from '../core/model-output.ts';
import { type ChunkCode, NO_CHUNK } from './chunk-code.ts';
import type { Framing } from './framing.ts';
import type { HistoryShape } from './live-history.ts';

/** One row of the dataset, columns already mapped: `prompt`, `system`, `messages`, `input_tokens`, `tools`, … */
export type SampleInput = Readonly<Record<string, unknown>>;

/** Options of a request that hold for the whole run; unset ones are left out of the body. */
export interface RequestOptions {
  /** For rows that name none. */
  readonly model: string;
  readonly streaming: boolean;
  /** Ask a streaming server for a last frame with token usage. */
  readonly includeUsage: boolean;
  /** Leave that to a row which says something about it; default false. */
  readonly rowDecidesUsage?: boolean;
  readonly maxOutputTokens?: number;
  /** The name of the output limit; default: the API's own. */
  readonly limitField?: 'max_tokens' | 'max_completion_tokens';
  /** Fields of every body, over those of the row; null removes one. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Told of each column of a row that is not sent in any form. */
  readonly onUnsent?: (column: string) => void;
}

/** A text as the UTF-8 it lies in. */
export interface TextSlice {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Token counts as the server reported them; NaN where it did not. */
export interface ReportedTokens {
  readonly promptTokens: number;
  /** Over all choices. Hidden reasoning is included by most servers; see {@link allCompletionTokens}. */
  readonly completionTokens: number;
  /** Of the prompt, found in the server's prefix cache. */
  readonly cachedTokens: number;
  /** Of the completion, streamed or hidden. */
  readonly reasoningTokens: number;
  /** Of the completion, taken from a predicted output. */
  readonly acceptedPredictionTokens: number;
  /** Prompt and completion together. */
  readonly totalTokens: number;
}

/**
 * The completion's tokens with hidden reasoning. A few servers (xAI's) count reasoning apart from the completion, which the total tells.
 * @hot
 */
export function allCompletionTokens(tokens: ReportedTokens): number {
  const { promptTokens, completionTokens, reasoningTokens, totalTokens } = tokens;
  const isApart = reasoningTokens > 0 && totalTokens === promptTokens + completionTokens + reasoningTokens;
  return isApart ? completionTokens + reasoningTokens : completionTokens;
}

/** A response, once its bytes are read. */
export interface FinalOutput {
  /** Several choices are joined in their order. */
  readonly output: TextModelOutput;
  /** The text of an output that is nothing else, where it lies so in the bytes read; there as long as these are. */
  readonly text?: TextSlice | undefined;
  /** Of the first choice that has one. */
  readonly finishReason: string | null;
  /** There as long as {@link text}. */
  readonly tokens: ReportedTokens;
  /** Tokens in the first chunk, where the server counts as it goes; else NaN. */
  readonly firstChunkTokens: number;
  /** Neither text nor reasoning, refusal or tool call. */
  readonly isEmpty: boolean;
  /** The API gives no finish reasons. */
  readonly isReasonless?: true;
  /** Vectors, scores or images, for a response that holds these instead of text. */
  readonly items?: number;
  /** Of its vectors; NaN where they differ. */
  readonly dimensions?: number;
  /** Of its images or sound, decoded. */
  readonly bytes?: number;
  /** Length of the audio that it holds, or that it was made from; NaN where that is not known. */
  readonly audioNs?: number;
}

/** Collects one streamed response at a time; reused from sample to sample. */
export interface StreamAccumulator {
  /** Forgets the last sample. `choices`: how many the request asks for, at least 1. */
  reset(choices: number): void;
  /**
   * Takes the data of one SSE message (`buffer[start..end)`, no `data:`), which is only valid during the call. `isNamed`: the message
   * has an event name other than `message`; what can't be read in it is skipped, as no one can know every kind of event.
   *
   * Returns the chunk it held, the first one when it held some for several choices: {@link moreChunks} has the others. Throws
   * {@link ResponseFormatError} for a message that is no valid JSON object, or that reports a failure.
   * @hot
   */
  onMessage(buffer: Uint8Array, start: number, end: number, isNamed: boolean): ChunkCode;
  /**
   * Chunks of the last message behind the one that `onMessage` returned; nearly always none. {@link ALSO_DONE} when that message, besides
   * its chunk, ended the stream.
   */
  readonly moreChunks: readonly ChunkCode[];
  /**
   * Takes data outside of a message (see `FrameSink`): a terminator and an error count, text does not. Throws {@link ResponseFormatError}.
   */
  onLooseData(buffer: Uint8Array, start: number, end: number): void;
  /** The API's own terminator (`[DONE]`) was seen: nothing that follows belongs to the response. */
  readonly isDone: boolean;
  /** The response so far; also of a stream that was cut short. */
  answer(): FinalOutput;
  /** Why the stream, which has ended, is no complete response; `undefined` when it is one. */
  incompleteness(): ResponseFormatError | undefined;
}

/** {@link StreamAccumulator.moreChunks} of a message that holds a chunk and ends its stream. */
export const ALSO_DONE: readonly ChunkCode[] = [NO_CHUNK];

/** Reads the answers of one thread, the faster the longer it has seen how a server writes them. */
export interface AnswerReader {
  /** How streamed responses are divided. */
  readonly framing: Framing;
  /** One for each stream that is read at the same time; what it keeps is taken from `account`, if given. */
  createAccumulator(account?: MemoryAccount): StreamAccumulator;
  /**
   * The response in a body that is not streamed, `buffer[start..end)`, which is only looked at during the call. `choices`: how many
   * the request asks for. Throws {@link ResponseFormatError}.
   * @hot
   */
  readBody(buffer: Uint8Array, start: number, end: number, choices: number): FinalOutput;
}

/** Speaks one API: pure, knows no socket. */
export interface ApiAdapter {
  readonly name: string;
  /** Joined to the endpoint's own path, e.g. `v1/chat/completions`; `{model}` stands for the model of the run. */
  readonly path: string;
  /** That of streamed requests, where the API has another. */
  readonly streamPath?: string;
  /** The path stands below the endpoint's own as it is, whatever versions either of them has. */
  readonly isLiteralPath?: boolean;
  /** Default: POST. */
  readonly method?: string;
  /** What responses hold; default: text. */
  readonly kind?: ResponseKind;
  /** Responses are never streamed. */
  readonly isWhole?: boolean;
  /** They are streamed only where the run says so: not all servers can. */
  readonly streamsOnDemand?: boolean;
  /** A row names an audio file, which is sent. */
  readonly sendsAudio?: boolean;
  /** The server puts a prompt into a chat template. */
  readonly isChat: boolean;
  /** How requests repeat what was said before; without it, this server's responses can't be. */
  readonly history?: HistoryShape;
  /** Requests name a model. */
  readonly namesModel: boolean;
  /** Headers that the API wants besides the usual ones, or instead of them; those of the user win. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The header that the key is sent in, as it is; default: `Authorization`, as a bearer token. */
  readonly keyHeader?: string;
  /** The request as a JSON value. Throws `InferometerError` (input) naming what the row lacks. */
  requestBody(row: SampleInput, options: RequestOptions): Record<string, unknown>;
  /** How many choices, or items, a request body asks for, at least 1; for some APIs another whole number that their reader needs to know. */
  choicesOf(body: Readonly<Record<string, unknown>>): number;
  /** The body as it is sent, where that is not JSON. Throws `InferometerError` (input). */
  encodeBody?(body: Readonly<Record<string, unknown>>): Uint8Array;
  createReader(): AnswerReader;
}

export { ResponseFormatError };

/** Most bytes of an answer: of its body, or of the texts and tool calls of a stream. A frame of the run log has room for as much. */
export const MAX_ANSWER_BYTES: number = 2 ** 26;

export function answerTooLong(): ResponseFormatError {
  return new ResponseFormatError('malformed_response', `an answer longer than ${MAX_ANSWER_BYTES} bytes`);
}
