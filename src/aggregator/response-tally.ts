import { NS_PER_SECOND } from '../core/time.ts';
import type { SeriesSampler } from '../metrics/sampler.ts';
import { AnswerFlag, COMPLETE_EXTRA, extraOf, type EventBatch } from '../events/event-batch.ts';

/** What is notable about the responses of a run, beyond its metrics; counts of tracked samples, chunks and tokens. */
export interface ResponseFacts {
  /** Samples that succeeded. */
  readonly succeeded: number;
  /** Of these: without any output, whole where a stream was requested, without a finish reason. */
  readonly empty: number;
  readonly unstreamed: number;
  readonly without_finish_reason: number;
  /** Chunks of streams whose tokens the server counted, and those tokens, hidden reasoning left out. */
  readonly counted_chunks: number;
  readonly chunk_tokens: number;
  /** Gaps between chunks of a sample, and those of 0: both chunks came in one read. */
  readonly gaps: number;
  readonly zero_gaps: number;
  /** Responses whose tokens were counted by the server and by the tokenizer, and both sums. */
  readonly compared: number;
  readonly compared_server_tokens: number;
  readonly compared_tokenizer_tokens: number;
  /** Vectors or scores in the responses, where these hold no text, and the dimensions of the vectors: the fewest and the most. */
  readonly items?: number;
  readonly dimensions?: readonly [least: number, most: number];
  /** Bytes of images or sound in them. */
  readonly bytes?: number;
  /** Responses whose audio, in them or that they were made from, has a known length; and all of that. */
  readonly with_audio?: number;
  readonly audio_ns?: number;
}

/** Counts {@link ResponseFacts}. */
export class ResponseTally {
  #succeeded = 0;
  #empty = 0;
  #unstreamed = 0;
  #withoutFinishReason = 0;
  #countedChunks = 0;
  #chunkTokens = 0;
  #zeroGaps = 0;
  #compared = 0;
  #comparedServerTokens = 0;
  #comparedTokenizerTokens = 0;
  #items = NaN;
  #leastDimensions = Infinity;
  #mostDimensions = 0;
  #bytes = NaN;
  #withAudio = 0;
  #audioNs = 0;
  readonly #audioSecond: SeriesSampler | undefined;

  /** `audioSecond`: told of the latency per second of audio. */
  constructor(audioSecond?: SeriesSampler) {
    this.#audioSecond = audioSecond;
  }

  /** Two chunks of a sample came in one read. @hot */
  onZeroGap(): void {
    this.#zeroGaps += 1;
  }

  /** A tracked sample has succeeded, after so long: record `index`. */
  onSuccess(batch: EventBatch, index: number, latencyNs: number): void {
    this.#succeeded += 1;
    const flags = extraOf(batch, index, COMPLETE_EXTRA.flags);
    if (Number.isNaN(flags)) return;
    if ((flags & AnswerFlag.empty) !== 0) this.#empty += 1;
    if ((flags & AnswerFlag.unstreamed) !== 0) this.#unstreamed += 1;
    if ((flags & AnswerFlag.noFinishReason) !== 0) this.#withoutFinishReason += 1;
    const items = extraOf(batch, index, COMPLETE_EXTRA.items);
    if (items >= 0) this.#onItems(items, extraOf(batch, index, COMPLETE_EXTRA.dimensions));
    const bytes = extraOf(batch, index, COMPLETE_EXTRA.bytes);
    if (bytes >= 0) this.#bytes = (this.#bytes || 0) + bytes;
    const audioNs = extraOf(batch, index, COMPLETE_EXTRA.audioNs);
    if (audioNs > 0) this.#onAudio(audioNs, latencyNs);
  }

  #onAudio(audioNs: number, latencyNs: number): void {
    this.#withAudio += 1;
    this.#audioNs += audioNs;
    this.#audioSecond?.record(Math.round((latencyNs / audioNs) * NS_PER_SECOND));
  }

  #onItems(items: number, dimensions: number): void {
    this.#items = (this.#items || 0) + items;
    if (!(dimensions >= 0)) return;
    this.#leastDimensions = Math.min(this.#leastDimensions, dimensions);
    this.#mostDimensions = Math.max(this.#mostDimensions, dimensions);
  }

  /** A stream brought so many tokens, as the server counts, in so many chunks. */
  onStreamed(tokens: number, chunks: number): void {
    this.#chunkTokens += tokens;
    this.#countedChunks += chunks;
  }

  /** A response was counted both ways. */
  onCompared(serverTokens: number, tokenizerTokens: number): void {
    this.#compared += 1;
    this.#comparedServerTokens += serverTokens;
    this.#comparedTokenizerTokens += tokenizerTokens;
  }

  /** `gaps`: between chunks, all of them. */
  facts(gaps: number): ResponseFacts {
    return {
      succeeded: this.#succeeded,
      empty: this.#empty,
      unstreamed: this.#unstreamed,
      without_finish_reason: this.#withoutFinishReason,
      counted_chunks: this.#countedChunks,
      chunk_tokens: this.#chunkTokens,
      gaps,
      zero_gaps: this.#zeroGaps,
      compared: this.#compared,
      compared_server_tokens: this.#comparedServerTokens,
      compared_tokenizer_tokens: this.#comparedTokenizerTokens,
      ...(Number.isNaN(this.#items) ? {} : { items: this.#items }),
      ...(Number.isNaN(this.#bytes) ? {} : { bytes: this.#bytes }),
      ...(this.#withAudio > 0 && { with_audio: this.#withAudio, audio_ns: this.#audioNs }),
      ...(this.#mostDimensions > 0 && { dimensions: [this.#leastDimensions, this.#mostDimensions] as const }),
    };
  }
}
