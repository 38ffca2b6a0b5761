/**
 * Plays responses of real servers, byte for byte, to one engine thread over a socket, whole and cut into small pieces, and holds what is
 * recorded against what a load tester must read in them.
 *
 * Frame numbers can't be seen in events: that each frame with a chunk gives one event, and which channels open, is. Several choices are
 * joined in their order, and content and refusal of a choice too.
 */
import type { Socket } from 'node:net';
import { CHANNELS } from '../../src/core/event-types.ts';
import { AudioFile } from '../../src/core/audio-file.ts';
import { mergeToolCalls } from '../../src/core/model-output-text.ts';
import { AnswerFlag, COMPLETE_EXTRA } from '../../src/events/event-batch.ts';
import { NS_PER_SECOND } from '../../src/core/time.ts';
import type { ApiName } from '../../src/protocol/adapters.ts';
import { LocalEngine, type SeenSample } from '../engine/harness.ts';
import { startRawServer } from '../engine/raw-server.ts';
import { wavFile } from '../engine/wav-file.ts';
import { differences } from './compare.ts';
import { readOracle, type OracleCase, type OracleSuite } from './suite.ts';

interface Expected {
  readonly verdict: 'success' | 'failure';
  readonly failure?: { readonly type: string; readonly status?: number; readonly message?: string };
  readonly texts: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly tool_calls?: Readonly<Record<string, readonly unknown[]>>;
  readonly finish_reasons?: Readonly<Record<string, string | null>>;
  readonly usage?: Readonly<Record<string, number | null>> | null;
  readonly first?: Readonly<Record<string, number | null>>;
  readonly chunks?: readonly (readonly [frame: number, choice: number, channel: string])[];
  readonly warning?: string;
  /** Of responses that hold no text. */
  readonly items?: number;
  readonly dimensions?: number;
  readonly bytes?: number | null;
  readonly audio_seconds?: number;
  /** Frames with sound, and with an image that is not the last one. */
  readonly audio_frames?: readonly number[];
  readonly partial_frames?: readonly number[];
}

interface GoldenResponse {
  readonly name: string;
  readonly api: string;
  readonly streaming: boolean;
  readonly request: Readonly<Record<string, unknown>>;
  readonly end: 'keep' | 'close' | 'reset';
  readonly response?: string;
  readonly response_base64?: string;
  readonly expected: Expected;
}

const API_NAMES: Readonly<Record<string, ApiName>> = {
  'openai-chat': 'chat',
  'openai-completions': 'completions',
  'openai-responses': 'responses',
  anthropic: 'anthropic',
  'ollama-chat': 'ollama',
  'ollama-generate': 'ollama-generate',
  'sglang-generate': 'sglang',
  tgi: 'tgi',
  llamacpp: 'llamacpp',
  'triton-generate': 'triton',
  'kserve-v2': 'kserve',
  'ollama-embed': 'ollama-embed',
  'openai-images': 'images',
  'openai-speech': 'speech',
  'openai-transcription': 'transcription',
  'openai-embeddings': 'embeddings',
  'tei-embed': 'embeddings',
  'vllm-pooling': 'embeddings',
  rerank: 'rerank',
  'tei-rerank': 'rerank',
  'vllm-score': 'score',
};
/** Sizes of the pieces that a response is cut into. */
const CUTS = [Infinity, 1, 7] as const;
const UNSTREAMED = 'the server did not stream';

export const suite: OracleSuite = {
  name: 'responses',
  isOptional: true,
  cases: () => readOracle<{ responses: readonly GoldenResponse[] }>('responses.json').responses.map(caseOf),
};

function caseOf(golden: GoldenResponse): OracleCase {
  return {
    name: golden.name,
    run: async () => {
      const found: string[] = [];
      for (const cut of CUTS) {
        const sample = await play(golden, cut);
        found.push(
          ...mismatches(golden, sample).map((line) => `${cut === Infinity ? 'whole' : `by ${cut}`}: ${line}`),
        );
      }
      return found;
    },
  };
}

/** Lets an engine ask once, and returns what it recorded. */
async function play(
  { api, streaming, request, end, ...golden }: GoldenResponse,
  cut: number,
): Promise<SeenSample> {
  const response = Buffer.from(
    golden.response ?? golden.response_base64 ?? '',
    golden.response === undefined ? 'base64' : 'utf8',
  );
  const server = await startRawServer(({ socket }) => void answer(socket, response, cut, end));
  const engine = new LocalEngine({
    urls: [server.url],
    api: API_NAMES[api]!,
    streaming,
    bodies: [withFile(request)],
    requestTimeoutMs: 5000,
  });
  try {
    const [sample] = await engine.sendOneByOne();
    return sample!;
  } finally {
    engine.close();
    await server.close();
  }
}

async function answer(
  socket: Socket,
  response: Buffer,
  cut: number,
  end: GoldenResponse['end'],
): Promise<void> {
  for (let at = 0; at < response.length; at += cut) {
    if (socket.destroyed) return;
    await new Promise((written) => socket.write(response.subarray(at, at + cut), written));
  }
  if (end === 'close') socket.end();
  if (end === 'reset') setTimeout(() => socket.resetAndDestroy(), 20);
}

function mismatches({ streaming, expected }: GoldenResponse, sample: SeenSample): readonly string[] {
  return [
    ...differences(wantedEnd(expected), foundEnd(expected, sample), 0, '$.end'),
    ...(streaming ? differences(wantedChunks(expected), foundChunks(sample), 0, '$.chunks') : []),
    ...(expected.verdict === 'success'
      ? differences(wantedAnswer(expected), foundAnswer(expected, sample), 0)
      : []),
  ];
}

/** A description of an audio file stands for one: samples of 16 bits, 8000 a second. */
function withFile(request: GoldenResponse['request']): Readonly<Record<string, unknown>> {
  const { file } = request as { readonly file?: { readonly name: string; readonly seconds: number } };
  return file === undefined ? request : { ...request, file: new AudioFile(file.name, wavFile(file.seconds)) };
}

/** Any of these types is right for a failure, and its message holds that of the server. */
function failureTypes({ type, status }: NonNullable<Expected['failure']>): readonly string[] {
  switch (type) {
    case 'http_error':
      return [`http_${status}`];
    case 'truncated':
      return ['stream_truncated', 'connection_reset'];
    case 'connection':
      return ['connection_reset'];
    default:
      return [type];
  }
}

function wantedEnd({ failure }: Expected): unknown {
  return failure === undefined ? { error: null } : { isOfType: true, message: failure.message ?? null };
}

function foundEnd({ failure }: Expected, { error }: SeenSample): unknown {
  if (failure === undefined) return { error: error ?? null };
  if (error === undefined) return 'no failure';
  const { message } = failure;
  const hasMessage = message !== undefined && error.errorMessage.includes(message);
  return {
    isOfType: failureTypes(failure).includes(error.errorType) || error.errorType,
    message: message === undefined || hasMessage ? (message ?? null) : error.errorMessage,
  };
}

/** An event for each frame and choice with a chunk, and the channels in the order they open; of sound and images, one for the first. */
function wantedChunks({ chunks = [], first = {}, audio_frames, partial_frames }: Expected): unknown {
  const counted = audio_frames ?? partial_frames;
  if (counted !== undefined) return { events: Math.min(1, counted.length), opened: ['content'] };
  const events = new Set(chunks.map(([frame, choice]) => `${frame} ${choice}`)).size;
  const opened = CHANNELS.filter((channel) => typeof first[channel] === 'number');
  return { events, opened: opened.toSorted() };
}

function foundChunks({ chunksNs, opened }: SeenSample): unknown {
  return { events: chunksNs.length, opened: opened.map((code) => CHANNELS[code]!).toSorted() };
}

function wantedAnswer(expected: Expected): unknown {
  const { texts, tool_calls: toolCalls = {}, finish_reasons: reasons = {}, usage, warning } = expected;
  const { items = null, dimensions = null, bytes = null } = expected;
  const choices = Object.values(texts);
  const joined = (...channels: readonly string[]) =>
    choices.flatMap((choice) => channels.map((channel) => choice[channel] ?? '')).join('');
  const told = Object.values(reasons).find((reason) => reason !== null) ?? null;
  return {
    ...(warning === UNSTREAMED
      ? { unstreamed: true }
      : { output: joined('content', 'refusal'), reasoning: joined('reasoning'), finishReason: told }),
    toolCalls: Object.values(toolCalls).flat(),
    usage: warning === UNSTREAMED ? null : usageOf(usage),
    ...{ items, dimensions, bytes },
    ...(expected.audio_seconds === undefined ? {} : { audioSeconds: expected.audio_seconds }),
  };
}

function usageOf(usage: Expected['usage']): unknown {
  const count = (name: string) => usage?.[name] ?? null;
  return [count('prompt'), count('completion'), count('cached'), count('reasoning')];
}

function foundAnswer(
  { warning, audio_seconds: seconds }: Expected,
  { output, finishReason, completeExtras }: SeenSample,
): unknown {
  const text = (parts: string | readonly string[] | null | undefined) => [parts ?? ''].flat().join('');
  const extra = (position: number) => {
    const value = completeExtras[position]!;
    return Number.isNaN(value) ? null : value;
  };
  const flags = extra(COMPLETE_EXTRA.flags) ?? 0;
  const { promptTokens, completionTokens, cachedTokens, reasoningTokens } = COMPLETE_EXTRA;
  return {
    ...(warning === UNSTREAMED
      ? { unstreamed: (flags & AnswerFlag.unstreamed) !== 0 }
      : {
          output: text(output?.output),
          reasoning: text(output?.reasoning),
          finishReason: finishReason ?? null,
        }),
    toolCalls: (mergeToolCalls(output?.toolCalls ?? null) ?? []).map(plainCall),
    usage:
      warning === UNSTREAMED
        ? null
        : [promptTokens, completionTokens, cachedTokens, reasoningTokens].map(extra),
    ...{ items: extra(COMPLETE_EXTRA.items), dimensions: extra(COMPLETE_EXTRA.dimensions) },
    bytes: extra(COMPLETE_EXTRA.bytes),
    ...(seconds === undefined
      ? {}
      : { audioSeconds: (extra(COMPLETE_EXTRA.audioNs) ?? NaN) / NS_PER_SECOND }),
  };
}

function plainCall(call: Record<string, unknown>): unknown {
  const { name = null, arguments: given = '' } = call.function as Record<string, unknown>;
  return { id: call.id ?? null, name, arguments: given };
}
