import { type AnswerFrames, asciiJson, ENGINE_FAILURE, sseMessage } from './answer-frames.ts';
import { errorBody } from './chat-frames.ts';
import type { CompletionRequest } from './completion-request.ts';

const SAMPLES_PER_SECOND = 8000;
const BYTES_PER_SECOND = 2 * SAMPLES_PER_SECOND;
/** How long the sound of a token plays. */
export const MOCK_TOKEN_AUDIO_MS = 40;
/** Samples of 16 bits, of a sound nobody wants to hear. A character is a byte. */
const SOUND = '\x00\x10\x00\xf0'.repeat((BYTES_PER_SECOND * MOCK_TOKEN_AUDIO_MS) / 4000);
export const MOCK_TOKEN_SOUND_BYTES = SOUND.length;
const WAV_HEAD = wavHead();
export const MOCK_WAV_HEAD_BYTES = WAV_HEAD.length;

/** Sound as it is made, in a WAV file or as raw samples. It has no way to tell that something went wrong. */
export class SpeechFrames implements AnswerFrames {
  readonly contentType: string = 'audio/wav';
  readonly errorBody = errorBody;
  protected readonly head: string;

  constructor({ isRawSound = false }: CompletionRequest) {
    this.head = isRawSound ? '' : WAV_HEAD;
  }

  begin(): readonly string[] {
    return this.head === '' ? [] : [this.head];
  }

  token(_position: number): string {
    return SOUND;
  }

  end(_tokens: number): readonly string[] {
    return [];
  }

  garbage(): readonly string[] {
    return [];
  }

  error(): readonly string[] {
    return [];
  }

  empty(): readonly string[] {
    return [];
  }

  body(tokens: number): string {
    return this.head + SOUND.repeat(tokens);
  }
}

/** The same in base64, as events. */
export class SpeechEventFrames extends SpeechFrames {
  override readonly contentType = 'text/event-stream';
  readonly #promptTokens: number;

  constructor(request: CompletionRequest) {
    super(request);
    this.#promptTokens = request.promptTokens;
  }

  override begin(): readonly string[] {
    return super.begin().map(delta);
  }

  override token(): string {
    return delta(SOUND);
  }

  override end(tokens: number): readonly string[] {
    const [input, total] = [this.#promptTokens, this.#promptTokens + tokens];
    const usage = { input_tokens: input, output_tokens: tokens, total_tokens: total };
    return [event('speech.audio.done', { usage })];
  }

  override garbage(): readonly string[] {
    return ['event: speech.audio.delta\ndata: {"aud\n\n'];
  }

  override error(): readonly string[] {
    return [event('error', { error: { message: ENGINE_FAILURE } })];
  }

  override body(tokens: number): string {
    return asciiJson({ tokens });
  }
}

function delta(sound: string): string {
  return event('speech.audio.delta', { audio: Buffer.from(sound, 'latin1').toString('base64') });
}

function event(type: string, fields: object): string {
  return sseMessage({ type, ...fields }, type);
}

/** Of a file whose length nobody knows yet. */
function wavHead(): string {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(0xff_ff_ff_ff, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(SAMPLES_PER_SECOND, 24);
  head.writeUInt32LE(BYTES_PER_SECOND, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(0xff_ff_ff_ff, 40);
  return head.toString('latin1');
}
