import type { ResponseFormatError } from './adapter.ts';
import { type ApiAdapter, type FinalOutput, type RequestOptions, type SampleInput } from './adapter.ts';
import { EventAccumulator, type EventReader, saysNothing, streamTruncated } from './event-stream.ts';
import type { FrameParser, FrameSink, Framing } from './framing.ts';
import { type JsonObject, jsonObjectIn, malformed, parseJsonObject, shown } from './json.ts';
import { refuseError, refuseReason, tokensOfUsage, UNKNOWN_TOKENS } from './openai-reply.ts';
import { missingInput } from './openai-request.ts';
import { SoundMeter } from './sound-meter.ts';
import { SSE } from './sse-framing.ts';
import { itemsRequest, NO_TEXT } from './whole-api.ts';

/** What `pcm` is, unless the request has a `sample_rate`: mono samples of 16 bits. */
const PCM_SAMPLES_PER_SECOND = 24_000;
const PCM_SAMPLE_BYTES = 2;

const OPEN_BRACE = 0x7b;
const QUOTE = 0x22;
const LESS_THAN = 0x3c;
const EXCLAMATION = 0x21;
const SMALL_H = 0x68;
const LARGE_H = 0x48;
const SPACE = 0x20;

/** OpenAI's API for speech: sound as bytes, or as base64 in events. It is counted and not kept. */
export const SPEECH: ApiAdapter = {
  name: 'speech',
  path: 'v1/audio/speech',
  kind: 'speech',
  streamsOnDemand: true,
  isChat: false,
  namesModel: true,
  headers: { Accept: '*/*' },
  requestBody: speechRequest,
  choicesOf: pcmBytesPerSecond,
  createReader: () => ({
    framing: SOUND,
    createAccumulator: () => new EventAccumulator(new SoundEvents()),
    readBody: readSoundBody,
  }),
};

/** A row asks by `input`, which the dataset calls the prompt. */
function speechRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { prompt } = row;
  if (typeof prompt !== 'string') throw missingInput('speech', row, 'an input');
  const stream = options.streaming ? { stream_format: 'sse' } : {};
  // Streaming is the run's alone: it decides how responses are read.
  return itemsRequest({ input: prompt, ...stream }, ['prompt', 'stream_format'], row, options);
}

/** What the reader needs to know of a request: raw samples don't tell how long they play. 1 for a file that does. */
function pcmBytesPerSecond({ response_format: format, sample_rate: rate }: JsonObject): number {
  if (format !== 'pcm') return 1;
  const samples =
    Number.isSafeInteger(rate) && (rate as number) > 0 ? (rate as number) : PCM_SAMPLES_PER_SECOND;
  return samples * PCM_SAMPLE_BYTES;
}

/** Whatever comes is sound, unless it begins as JSON, which reports a failure, or as HTML. */
const SOUND: Framing = {
  isBinary: true,
  createParser: (sink, words, account) => new SoundParser(sink, SSE.createParser(sink, words, account)),
  isStream: (buffer, start, end) => !beginsAsJson(buffer, start, end) && !beginsAsMarkup(buffer, start, end),
};

/** HTML of a proxy, where sound was asked for. */
function beginsAsMarkup(buffer: Uint8Array, start: number, end: number): boolean {
  if (buffer[start] !== LESS_THAN) return false;
  const next = buffer[start + 1];
  return start + 1 === end || next === EXCLAMATION || next === SMALL_H || next === LARGE_H;
}

/** A single brace may begin either: it is then read as a whole body, which may still be sound. */
function beginsAsJson(buffer: Uint8Array, start: number, end: number): boolean {
  if (buffer[start] !== OPEN_BRACE) return false;
  const next = buffer[start + 1];
  return start + 1 === end || next === QUOTE || (next !== undefined && next <= SPACE);
}

/** Hands on the bytes of a file as they come, and server-sent events as such. */
class SoundParser implements FrameParser {
  readonly #sink: FrameSink;
  readonly #events: FrameParser;
  #kind: 'unknown' | 'events' | 'bytes' = 'unknown';

  constructor(sink: FrameSink, events: FrameParser) {
    this.#sink = sink;
    this.#events = events;
  }

  reset(): void {
    this.#kind = 'unknown';
    this.#events.reset();
  }

  feed(buffer: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (this.#kind === 'unknown') {
      this.#kind = SSE.isStream(buffer, start, end, false, false) ? 'events' : 'bytes';
    }
    if (this.#kind === 'events') this.#events.feed(buffer, start, end);
    else this.#sink.onMessage(buffer, start, end, false);
  }

  finish(): void {
    if (this.#kind === 'events') this.#events.finish();
  }
}

/** The sound of one response after another: bytes, or `speech.audio.delta` and `.done`. What comes first tells which. */
class SoundEvents implements EventReader {
  isDone = false;
  readonly #meter = new SoundMeter();
  #kind: 'unknown' | 'events' | 'bytes' = 'unknown';
  #tokens = UNKNOWN_TOKENS;

  reset(asked: number): void {
    this.isDone = false;
    this.#meter.reset(asked > 1 ? asked : NaN);
    this.#kind = 'unknown';
    this.#tokens = UNKNOWN_TOKENS;
  }

  read(buffer: Uint8Array, start: number, end: number, isNamed: boolean): boolean {
    if (start === end) return false;
    if (this.#kind === 'unknown') {
      this.#kind = isNamed || beginsAsJson(buffer, start, end) ? 'events' : 'bytes';
    }
    if (this.#kind === 'bytes') return this.#meter.add(buffer, start, end);
    if (saysNothing(buffer, start, end)) return false;
    const event = parseJsonObject(buffer, start, end);
    refuseError(event);
    return this.#take(event);
  }

  final(): FinalOutput {
    return soundOutput(this.#meter, this.#tokens);
  }

  incompleteness(): ResponseFormatError | undefined {
    if (this.#kind === 'events' && !this.isDone) return streamTruncated();
    return this.#meter.bytes === 0 ? noSound() : undefined;
  }

  #take(event: JsonObject): boolean {
    const { type, audio, usage } = event;
    if (type === 'speech.audio.done') {
      this.isDone = true;
      this.#tokens = tokensOfUsage(usage) ?? this.#tokens;
    } else if (type === 'speech.audio.delta' && typeof audio === 'string') {
      const bytes = Buffer.from(audio, 'base64');
      return this.#meter.add(bytes, 0, bytes.length);
    } else if (type === undefined) refuseReason(event);
    return false;
  }
}

/** A body that began as JSON or HTML: a failure, or sound that only looked so. Throws `ResponseFormatError`. */
function readSoundBody(buffer: Uint8Array, start: number, end: number, asked: number): FinalOutput {
  const reply = jsonObjectIn(buffer, start, end);
  if (reply !== undefined) {
    refuseError(reply);
    refuseReason(reply);
  }
  if (reply !== undefined || start === end) throw noSound();
  if (end - start > 1 && beginsAsMarkup(buffer, start, end)) {
    const text = Buffer.from(buffer.subarray(start, end)).toString();
    throw malformed(`the response must be sound (got ${shown(text)})`);
  }
  const meter = new SoundMeter();
  meter.reset(asked > 1 ? asked : NaN);
  meter.add(buffer, start, end);
  return soundOutput(meter, UNKNOWN_TOKENS);
}

function soundOutput({ bytes, audioNs }: SoundMeter, tokens: FinalOutput['tokens']): FinalOutput {
  return { ...NO_TEXT, tokens, bytes, ...(audioNs >= 0 && { audioNs }) };
}

function noSound(): ResponseFormatError {
  return malformed('the response must be sound (got none)');
}
