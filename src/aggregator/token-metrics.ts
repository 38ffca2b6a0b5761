import {
  fullText,
  isStructured,
  messageParts,
  messagePartsAfterFirstChunk,
  textAfterFirstChunk,
} from '../core/model-output-text.ts';
import type { PromptData, TextModelOutput } from '../core/model-output.ts';
import { COMPLETE_EXTRA, extraOf, type EventBatch, ISSUED_EXTRA } from '../events/event-batch.ts';
import type { SeriesSampler } from '../metrics/sampler.ts';
import type { TokenInput } from '../tokens/token-input.ts';
import type { TokenQueue } from '../tokens/token-queue.ts';
import type { HistoryRecorder } from './history-recorder.ts';
import type { LatenessRecorder } from './lateness-recorder.ts';
import type { PayloadReader } from './payload-reader.ts';
import { PromptTable, promptLength, TOKEN_SOURCES, type TokenSource } from './prompt-table.ts';
import { RowFlag, type SampleTable } from './sample-table.ts';
import type { TimedSeries } from './timed-series.ts';

type TokenMetric = 'isl' | 'osl' | 'tpot';

/** How many values of each token metric came from each source. */
export type TokenSourceCounts = Readonly<Record<TokenMetric, Readonly<Record<TokenSource, number>>>>;

export interface TokenMetricsOptions {
  readonly isl: SeriesSampler;
  readonly osl: SeriesSampler;
  /** Undefined when answers aren't streamed. */
  readonly tpot: TimedSeries | undefined;
  /** Told of each answer's tokens at its completion. */
  readonly history: HistoryRecorder;
  /** Undefined without a tokenizer. */
  readonly queue: TokenQueue | undefined;
  readonly payloads: PayloadReader;
  readonly table: SampleTable;
  /** Told of each TPOT. */
  readonly lateness: LatenessRecorder;
}

/**
 * Input length, output length and time per output token of tracked samples.
 *
 * Where the counts come from:
 * - `isl`: at ISSUED the prompt's token ids, else our tokenizer. Only a sample for which neither applies takes the prompt
 *   tokens of the server's `usage`, at COMPLETE. So a sample's prompt is counted once, by one source, and with a tokenizer
 *   every prompt is counted in the same way.
 * - `osl`, `tpot_ns`: the completion tokens of the server's `usage` when it told them, else our tokenizer.
 *   An answer of no tokens has no `osl`.
 *
 * `tpot_ns` by usage is (complete − first chunk) / (completion tokens − 1), by our tokenizer it is that time over the tokens
 * after the first chunk. An answer that came in one chunk has none: nothing was timed between its tokens.
 */
export class TokenMetrics {
  readonly #options: TokenMetricsOptions;
  readonly #prompts: PromptTable;
  readonly #sources: Record<TokenMetric, Record<TokenSource, number>> = {
    isl: noneBySource(),
    osl: noneBySource(),
    tpot: noneBySource(),
  };

  constructor(options: TokenMetricsOptions) {
    this.#options = options;
    const { queue } = options;
    this.#prompts = new PromptTable(
      (tokenCount, source) => this.#recordIsl(tokenCount, source),
      queue && ((input, onCount) => queue.enqueue(input, onCount)),
    );
  }

  /** Values asked for and not yet recorded. */
  get pendingCount(): number {
    return (this.#options.queue?.pendingCount ?? 0) + this.#prompts.waitingCount;
  }

  get sources(): TokenSourceCounts {
    return this.#sources;
  }

  /** Tells the prompts of the dataset's rows from `firstRow` on. */
  setPrompts(firstRow: number, prompts: readonly PromptData[]): void {
    this.#prompts.set(firstRow, prompts);
  }

  /** Counts the prompt of issued record `index`, now or later, and marks its row when that can be done. */
  onIssued(batch: EventBatch, index: number, slot: number): void {
    const payload = this.#options.payloads.read(batch, index);
    const row = payload === undefined ? extraOf(batch, index, ISSUED_EXTRA.row) : NaN;
    const asked =
      payload?.type === 'PromptData'
        ? this.#askPromptLength(payload.data)
        : !Number.isNaN(row) && this.#prompts.ask(row);
    if (asked) this.#options.table.flags[slot]! |= RowFlag.islAsked;
  }

  /** Counts the answer of completed record `index`, whose row is still there, now or later. */
  onComplete(batch: EventBatch, index: number, slot: number, completeNs: number): void {
    const { table, queue } = this.#options;
    const promptTokens = extraOf(batch, index, COMPLETE_EXTRA.promptTokens);
    const islAsked = (table.flags[slot]! & RowFlag.islAsked) !== 0;
    if (!islAsked && isTokenCount(promptTokens)) this.#recordIsl(promptTokens, 'server');
    const completionTokens = extraOf(batch, index, COMPLETE_EXTRA.completionTokens);
    if (isTokenCount(completionTokens)) this.#takeUsage(completionTokens, slot, completeNs);
    else if (queue !== undefined) this.#askAnswerLength(queue, batch, index, slot, completeNs);
  }

  /** Counts the answer of completed record `index`, which is not measured: its tokens only show in the history. */
  onUntrackedComplete(batch: EventBatch, index: number, completeNs: number): void {
    const completionTokens = extraOf(batch, index, COMPLETE_EXTRA.completionTokens);
    if (isTokenCount(completionTokens)) this.#options.history.onOutputTokens(completeNs, completionTokens);
  }

  #askPromptLength(prompt: PromptData): boolean {
    const length = promptLength(prompt);
    if (length.kind === 'known') {
      this.#recordIsl(length.tokenCount, 'token_ids');
      return true;
    }
    if (length.kind === 'unknown' || this.#options.queue === undefined) return false;
    this.#options.queue.enqueue(length.input, (tokenCount) => this.#recordIsl(tokenCount, 'tokenizer'));
    return true;
  }

  #takeUsage(completionTokens: number, slot: number, completeNs: number): void {
    if (completionTokens === 0) return;
    this.#recordOsl(completionTokens, 'server', completeNs);
    const { recvFirstNs: firstsNs, chunks } = this.#options.table;
    const recvFirstNs = firstsNs[slot]!;
    if (completionTokens > 1 && chunks[slot]! > 1 && !Number.isNaN(recvFirstNs)) {
      const nsPerToken = (completeNs - recvFirstNs) / (completionTokens - 1);
      this.#recordTpot(nsPerToken, 'server', completeNs);
      this.#latenessOf(slot, recvFirstNs, completeNs)(nsPerToken);
    }
  }

  #askAnswerLength(
    queue: TokenQueue,
    batch: EventBatch,
    index: number,
    slot: number,
    completeNs: number,
  ): void {
    const payload = this.#options.payloads.read(batch, index);
    if (payload?.type !== 'TextModelOutput') return;
    const whole = answerInput(payload.data);
    if (whole !== undefined)
      queue.enqueue(whole, (tokenCount) => this.#recordOsl(tokenCount, 'tokenizer', completeNs));
    const recvFirstNs = this.#options.table.recvFirstNs[slot]!;
    if (this.#options.tpot === undefined || Number.isNaN(recvFirstNs)) return;
    const rest = answerInputAfterFirstChunk(payload.data);
    if (rest === undefined) return;
    const bound = this.#latenessOf(slot, recvFirstNs, completeNs);
    queue.enqueue(rest, (tokenCount) => {
      if (tokenCount === 0) return;
      this.#recordTpot((completeNs - recvFirstNs) / tokenCount, 'tokenizer', completeNs);
      bound((completeNs - recvFirstNs) / tokenCount);
    });
  }

  /** Tells how late the reads of a sample's TPOT may be; made while its row is there. */
  #latenessOf(slot: number, fromNs: number, toNs: number): (nsPerToken: number) => void {
    const { lateness, table } = this.#options;
    const [lateNs, firstLateNs] = [lateness.lateNs(toNs), table.recvFirstLateNs[slot]!];
    return (nsPerToken) => lateness.recordTpot(nsPerToken, toNs - fromNs, lateNs, firstLateNs);
  }

  #recordIsl(tokenCount: number, source: TokenSource): void {
    this.#options.isl.record(tokenCount);
    this.#sources.isl[source]++;
  }

  #recordOsl(tokenCount: number, source: TokenSource, completeNs: number): void {
    this.#options.osl.record(tokenCount);
    this.#options.history.onOutputTokens(completeNs, tokenCount);
    this.#sources.osl[source]++;
  }

  #recordTpot(nsPerToken: number, source: TokenSource, completeNs: number): void {
    const { tpot } = this.#options;
    if (tpot === undefined) return;
    // What the server tells is told now; our own count comes later.
    if (source === 'server') tpot.record(nsPerToken);
    else tpot.recordLate(nsPerToken, completeNs);
    this.#sources.tpot[source]++;
  }
}

/** An answer to be counted whole: by its parts when it has more than text; nothing when it is empty. */
function answerInput(output: TextModelOutput): TokenInput | undefined {
  if (isStructured(output)) return { kind: 'answer', answer: messageParts(output) };
  return textInput(fullText(output));
}

function answerInputAfterFirstChunk(output: TextModelOutput): TokenInput | undefined {
  if (isStructured(output)) return { kind: 'answer', answer: messagePartsAfterFirstChunk(output) };
  return textInput(textAfterFirstChunk(output));
}

function textInput(text: string): TokenInput | undefined {
  return text === '' ? undefined : { kind: 'text', text };
}

/** Whether the server told a count that can be one. */
function isTokenCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function noneBySource(): Record<TokenSource, number> {
  return Object.fromEntries(TOKEN_SOURCES.map((source) => [source, 0])) as Record<TokenSource, number>;
}
