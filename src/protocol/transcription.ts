import { AudioFile } from '../core/audio-file.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../core/time.ts';
import type { ApiAdapter, FinalOutput, RequestOptions, SampleInput } from './adapter.ts';
import { NO_PARTS, type FrameNews, type FrameReader } from './frame-reader.ts';
import { FrameAccumulator } from './frame-stream.ts';
import type { Framing } from './framing.ts';
import { isJsonObject, type JsonObject, malformed, parseJsonObject, shown } from './json.ts';
import { MULTIPART_TYPE, multipartBody } from './multipart.ts';
import { finishReasonIn } from './openai-choice.ts';
import { textOf } from './openai-message.ts';
import { refuseError, refuseReason, tokensOfUsage, UNKNOWN_TOKENS } from './openai-reply.ts';
import { missingInput } from './openai-request.ts';
import type { MemoryAccount } from './response-memory.ts';
import { audioNsIn } from './sound-meter.ts';
import { SSE } from './sse-framing.ts';
import { itemsRequest } from './whole-api.ts';
import { wholeOutput } from './whole-output.ts';

const OPEN_BRACE = 0x7b;
const LESS_THAN = 0x3c;
const UTF8 = new TextDecoder();

/** OpenAI's API for transcriptions, also as vLLM streams it. */
export const TRANSCRIPTION: ApiAdapter = {
  name: 'transcription',
  path: 'v1/audio/transcriptions',
  kind: 'transcripts',
  streamsOnDemand: true,
  sendsAudio: true,
  isChat: false,
  namesModel: true,
  headers: { 'Content-Type': MULTIPART_TYPE, Accept: '*/*' },
  requestBody: transcriptionRequest,
  choicesOf: audioMs,
  encodeBody: multipartBody,
  createReader: () => ({
    framing: TRANSCRIPTS,
    createAccumulator: (account) => new TranscriptAccumulator(account),
    readBody: readTranscript,
  }),
};

/** A row asks by an audio file; a `prompt` guides how it is written down. */
function transcriptionRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { file, prompt } = row;
  if (!(file instanceof AudioFile)) throw missingInput('transcription', row, 'an audio file');
  const asked = {
    file,
    ...(typeof prompt === 'string' && { prompt }),
    // vLLM counts tokens only where it is asked to; others know no such field and skip it.
    ...(options.streaming && { stream: true, ...(options.includeUsage && { stream_include_usage: true }) }),
  };
  return itemsRequest(asked, ['file', 'prompt', 'stream_include_usage'], row, options);
}

/** What the reader needs to know of a request: how long the audio plays. 1 where nobody knows. */
function audioMs({ file }: JsonObject): number {
  const ms = file instanceof AudioFile ? Math.round(audioNsIn(file.bytes) / NS_PER_MS) : NaN;
  return ms > 1 ? ms : 1;
}

/** A transcript may be plain text, which could begin like an event stream: it is one where that was requested, or announced. */
const TRANSCRIPTS: Framing = {
  ...SSE,
  isStream: (buffer, start, end, saysStream, isRequested) =>
    (saysStream || isRequested) && SSE.isStream(buffer, start, end, saysStream, isRequested),
};

/** Knows how long the audio of each request plays. */
class TranscriptAccumulator extends FrameAccumulator {
  #askedMs = 1;

  constructor(account?: MemoryAccount) {
    super(new TranscriptFrameReader(), account);
  }

  override reset(asked: number): void {
    super.reset(1);
    this.#askedMs = asked;
  }

  override answer(): FinalOutput {
    return ofAudio(super.answer(), audioNsOf(this.#askedMs));
  }
}

/** Reads `transcript.text.delta` and `.done`, and the chunks that vLLM sends instead. */
class TranscriptFrameReader implements FrameReader {
  #hasText = false;

  reset(): void {
    this.#hasText = false;
  }

  read(frame: JsonObject): FrameNews {
    const news = Array.isArray(frame.choices) ? readChunk(frame) : this.#readEvent(frame);
    if ((news.parts?.content ?? '') !== '') this.#hasText = true;
    return news;
  }

  /** The whole text counts where none came before. */
  #readEvent(event: JsonObject): FrameNews {
    const tokens = tokensOfUsage(event.usage);
    switch (event.type) {
      case 'transcript.text.delta':
        return { parts: { content: textOf(event, 'delta') }, tokens };
      case 'transcript.text.done':
        return { parts: { content: this.#hasText ? '' : textOf(event, 'text') }, tokens, ends: true };
      case undefined:
        refuseReason(event);
        return { tokens };
      default:
        return { tokens };
    }
  }
}

function readChunk({ choices, usage }: JsonObject): FrameNews {
  const choice: unknown = (choices as readonly unknown[])[0];
  const tokens = tokensOfUsage(usage);
  if (!isJsonObject(choice)) return { tokens };
  const { delta, finish_reason: reason } = choice;
  const content = isJsonObject(delta) ? textOf(delta, 'content') : '';
  return { parts: { content }, finishReason: finishReasonIn(reason), tokens };
}

/** The text of JSON, or all of a body that is none (`response_format` text, srt, vtt). Throws `ResponseFormatError`. */
function readTranscript(buffer: Uint8Array, start: number, end: number, asked: number): FinalOutput {
  if (buffer[start] !== OPEN_BRACE) {
    const text = UTF8.decode(buffer.subarray(start, end));
    if (start === end || buffer[start] === LESS_THAN) {
      throw malformed(`the response must be a transcript (got ${shown(text)})`);
    }
    return ofAudio(wholeOutput([{ ...NO_PARTS, content: text }], null, UNKNOWN_TOKENS), audioNsOf(asked));
  }
  const reply = parseJsonObject(buffer, start, end);
  refuseError(reply);
  if (typeof reply.text !== 'string') {
    refuseReason(reply);
    throw malformed('the response has no text');
  }
  const tokens = tokensOfUsage(reply.usage) ?? UNKNOWN_TOKENS;
  const output = wholeOutput([{ ...NO_PARTS, content: reply.text }], null, tokens);
  return ofAudio(output, toldNs(reply.duration) ?? audioNsOf(asked));
}

function audioNsOf(askedMs: number): number {
  return askedMs > 1 ? askedMs * NS_PER_MS : NaN;
}

/** Seconds in a response; what is billed is rounded up and doesn't count. */
function toldNs(seconds: unknown): number | undefined {
  return typeof seconds === 'number' && seconds > 0 ? Math.round(seconds * NS_PER_SECOND) : undefined;
}

function ofAudio(output: FinalOutput, audioNs: number): FinalOutput {
  return { ...output, isReasonless: true, ...(audioNs >= 0 && { audioNs }) };
}
