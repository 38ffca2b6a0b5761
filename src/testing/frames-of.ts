import type { AnswerFrames } from './answer-frames.ts';
import { AnthropicFrames } from './anthropic-frames.ts';
import { ChatFrames } from './chat-frames.ts';
import type { CompletionRequest } from './completion-request.ts';
import { ImageFrames } from './image-frames.ts';
import { ItemFrames } from './item-frames.ts';
import { KserveFrames } from './kserve-frames.ts';
import { LlamacppFrames } from './llamacpp-frames.ts';
import type { MockApi } from './mock-apis.ts';
import { OllamaFrames } from './ollama-frames.ts';
import { ResponsesFrames } from './responses-frames.ts';
import { SpeechEventFrames, SpeechFrames } from './speech-frames.ts';
import { TgiFrames } from './tgi-frames.ts';
import { TranscriptFrames } from './transcript-frames.ts';
import { TritonFrames } from './triton-frames.ts';

type FramesClass = new (request: CompletionRequest, index: number, created: number) => AnswerFrames;

const FRAMES: Readonly<Record<MockApi, FramesClass>> = {
  chat: ChatFrames,
  completions: ChatFrames,
  responses: ResponsesFrames,
  anthropic: AnthropicFrames,
  ollama: OllamaFrames,
  'ollama-generate': OllamaFrames,
  tgi: TgiFrames,
  llamacpp: LlamacppFrames,
  triton: TritonFrames,
  embeddings: ItemFrames,
  rerank: ItemFrames,
  score: ItemFrames,
  kserve: KserveFrames,
  'ollama-embed': ItemFrames,
  images: ImageFrames,
  speech: SpeechFrames,
  transcription: TranscriptFrames,
};

/** The answer with that number, to come in pieces. `created`: seconds since 1970. */
export function framesOf(request: CompletionRequest, index: number, created: number): AnswerFrames {
  const frames = request.isEventSound === true ? SpeechEventFrames : FRAMES[request.api];
  return new frames(request, index, created);
}
