import { CHANNELS } from '../core/event-types.ts';
import {
  type ApiAdapter,
  type ChunkCode,
  type FinalOutput,
  NO_CHUNK,
  type RequestOptions,
  type SampleInput,
  type StreamAccumulator,
} from './adapter.ts';
import { isBlankMessage, isDoneMessage } from './control-message.ts';
import { isJsonObject, type JsonObject, malformed, parseJsonObject } from './json.ts';
import { refuseError } from './openai-reply.ts';
import { missingInput } from './openai-request.ts';

/** What a server counts and must tell of each answer. */
const META_KEYS = [
  'id',
  'finish_reason',
  'prompt_tokens',
  'weight_version',
  'total_retractions',
  'completion_tokens',
  'cached_tokens',
  'e2e_latency',
] as const;
const DEFAULT_SAMPLING = { max_new_tokens: 10_240, temperature: 1, top_p: 1 } as const;
const SAMPLING_FIELDS = ['max_new_tokens', 'temperature', 'top_p', 'top_k'] as const;
/** No limit; the server's own default, so it is not sent. */
const TOP_K_OFF = -1;

/**
 * SGLang's own generate API. A row asks by `input_tokens` (or `token_ids`), else by `prompt`; it may set the fields of
 * {@link SAMPLING_FIELDS} and, in `sampling_parameters`, any other.
 */
export const SGLANG: ApiAdapter = {
  name: 'sglang',
  path: 'generate',
  requestBody: (row, options) => ({
    ...askedBy(row),
    sampling_params: samplingOf(row, options),
    ...(options.streaming || row.stream !== undefined ? { stream: options.streaming } : {}),
  }),
  createReader: () => ({
    createAccumulator: () => new SglangAccumulator(),
    readBody: (buffer, start, end) => {
      const { text, meta } = readReply(buffer, start, end);
      return finalOutput(text, meta);
    },
  }),
};

function askedBy(row: SampleInput): Record<string, unknown> {
  const tokens = row.input_tokens ?? row.token_ids;
  if (Array.isArray(tokens)) return { input_ids: tokens as unknown };
  if (typeof row.prompt === 'string') return { text: row.prompt };
  throw missingInput('sglang', row, 'input_tokens or prompt');
}

function samplingOf(row: SampleInput, { maxOutputTokens }: RequestOptions): Record<string, unknown> {
  const own = SAMPLING_FIELDS.filter((name) => (row[name] ?? null) !== null).map((name) => [name, row[name]]);
  const { top_k, ...sampling } = {
    ...DEFAULT_SAMPLING,
    ...(maxOutputTokens === undefined ? {} : { max_new_tokens: maxOutputTokens }),
    ...(Object.fromEntries(own) as Record<string, unknown>),
    ...(isJsonObject(row.sampling_parameters) ? row.sampling_parameters : {}),
  } as Record<string, unknown>;
  return top_k === undefined || top_k === TOP_K_OFF ? sampling : { ...sampling, top_k };
}

/**
 * Each frame holds the whole text so far; what is longer than before is the chunk. A frame that counts no new token is skipped; a text that
 * became shorter (the server took tokens back) replaces the old one and is no chunk. The answer is a plain text, without chunks.
 */
class SglangAccumulator implements StreamAccumulator {
  #text = '';
  #meta: JsonObject | null = null;
  #isDone = false;

  get terminated(): boolean {
    return this.#isDone || (this.#meta !== null && finishReasonOf(this.#meta) !== null);
  }

  reset(): void {
    this.#text = '';
    this.#meta = null;
    this.#isDone = false;
  }

  onMessage(buffer: Uint8Array, start: number, end: number): ChunkCode {
    if (isBlankMessage(buffer, start, end)) return NO_CHUNK;
    if (isDoneMessage(buffer, start, end)) {
      this.#isDone = true;
      return NO_CHUNK;
    }
    const { text, meta } = readReply(buffer, start, end);
    const isNews = meta.completion_tokens !== (this.#meta?.completion_tokens ?? 0);
    this.#meta = meta;
    if (!isNews) return NO_CHUNK;
    const isLonger = text.length > this.#text.length;
    this.#text = isLonger ? this.#text + text.slice(this.#text.length) : text;
    return isLonger ? CONTENT_CHUNK : NO_CHUNK;
  }

  finish(): FinalOutput {
    return finalOutput(this.#text, this.#meta);
  }
}

const CONTENT_CHUNK = CHANNELS.indexOf('content') + 1;

interface SglangReply {
  readonly text: string;
  readonly meta: JsonObject;
}

function readReply(bytes: Uint8Array, start: number, end: number): SglangReply {
  const reply = parseJsonObject(bytes, start, end);
  refuseError(reply);
  const { text, output_ids: outputIds, meta_info: meta } = reply;
  if (typeof text !== 'string') throw malformed('text: wanted text');
  if (!Array.isArray(outputIds)) throw malformed('output_ids: wanted a list');
  if (!isJsonObject(meta)) throw malformed('meta_info: wanted an object');
  const missing = META_KEYS.find((key) => meta[key] === undefined);
  if (missing !== undefined) throw malformed(`no "meta_info.${missing}" in the answer`);
  return { text, meta };
}

function finalOutput(text: string, meta: JsonObject | null): FinalOutput {
  return {
    output: { output: text, reasoning: null, toolCalls: null },
    finishReason: meta === null ? null : finishReasonOf(meta),
    promptTokens: countOf(meta?.prompt_tokens),
    completionTokens: countOf(meta?.completion_tokens),
  };
}

function finishReasonOf({ finish_reason: reason }: JsonObject): string | null {
  return isJsonObject(reason) && typeof reason.type === 'string' ? reason.type : null;
}

function countOf(value: unknown): number {
  return typeof value === 'number' ? value : NaN;
}
