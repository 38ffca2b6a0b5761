import {
  fullText,
  isStructured,
  messageParts,
  messagePartsAfterFirstChunk,
  textAfterFirstChunk,
} from '../core/model-output-text.ts';
import type { PromptData, TextModelOutput } from '../core/model-output.ts';
import { COMPLETE_EXTRA, extraOf, type EventBatch, ISSUED_EXTRA } from '../events/event-batch.ts';
import type { ChoiceTimes } from '../events/choice-times.ts';
import {
  hiddenTokens,
  isTokenCount,
  tokensBehindFirstChunk,
  type StreamedResponse,
} from '../events/streamed-tokens.ts';
import type { TokenInput } from '../tokens/token-input.ts';
import type { TokenQueue } from '../tokens/token-queue.ts';
import type { HistoryRecorder } from './history-recorder.ts';
import type { LatenessRecorder } from './lateness-recorder.ts';
import type { PayloadReader } from './payload-reader.ts';
import { PromptTable, promptLength, TOKEN_SOURCES, type TokenSource } from './prompt-table.ts';
import type { ResponseTally } from './response-tally.ts';
import type { RunMetrics } from './run-metrics.ts';
import { RowFlag, type SampleTable } from './sample-table.ts';
import type { ThroughputRecorder } from '../stats/throughput-recorder.ts';
import type { TimedSeries } from './timed-series.ts';

/** The first responses are counted both ways, and one in a few of the later ones. */
const COMPARED_AT_FIRST = 100;
const COMPARED_LATER_EVERY = 16;

type TokenMetric = 'isl' | 'osl' | 'tpot';

/** How many values of each token metric came from each source. */
export type TokenSourceCounts = Readonly<Record<TokenMetric, Readonly<Record<TokenSource, number>>>>;

/** Told what the tokens of a sample come to, now or later; not at all when nobody counts them. */
export interface TokenListener {
  onTpot(nsPerToken: number): void;
  /** They came from the first chunk to the last; both are the completion when nothing was streamed. */
  onTokens(firstNs: number, lastNs: number, count: number): void;
}

export interface TokenMetricsOptions {
  readonly series: RunMetrics['series'];
  /** Undefined when answers aren't streamed. */
  readonly tpot: TimedSeries | undefined;
  /** Told of each answer's tokens at its completion. */
  readonly history: HistoryRecorder;
  /** Told of them with when they came. */
  readonly throughput: Pick<ThroughputRecorder, 'onTokens'>;
  /** Undefined without a tokenizer. */
  readonly queue: TokenQueue | undefined;
  readonly payloads: PayloadReader;
  readonly table: SampleTable;
  readonly choices: ChoiceTimes;
  readonly responses: ResponseTally;
  /** Who wants to know of the tokens of a sample that is completing, by its slot. */
  readonly listenersOf: (slot: number) => readonly TokenListener[];
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
 * `tpot_ns` is the time from the first chunk to the last over the tokens streamed in it: what comes behind the last chunk (a finish reason,
 * usage) is no part of it. By usage these are the completion tokens without those of the first chunk, which is one token unless the server
 * counts as it streams, and without reasoning that was counted and not streamed; by our tokenizer, those after the first chunk. With several
 * choices, time and tokens are added up over them. A response that came in one chunk has none: nothing was timed between its tokens.
 *
 * With a tokenizer, some responses that the server counted are counted again, to compare.
 */
export class TokenMetrics {
  readonly #options: TokenMetricsOptions;
  readonly #prompts: PromptTable;
  /** What a server counts of images or sound is none of the tokens that metrics are about. */
  readonly #countsOutput: boolean;
  /** Responses that the server counted. */
  #usageCount = 0;
  readonly #sources: Record<TokenMetric, Record<TokenSource, number>> = {
    isl: noneBySource(),
    osl: noneBySource(),
    tpot: noneBySource(),
  };

  constructor(options: TokenMetricsOptions) {
    this.#options = options;
    this.#countsOutput = options.series.osl !== undefined;
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
    this.#recordDetails(batch, index);
    if (!this.#countsOutput) return;
    if (isTokenCount(completionTokens)) {
      this.#takeUsage(batch, index, completionTokens, slot, completeNs);
      if (queue !== undefined) this.#compareNowAndThen(queue, batch, index, slot, completionTokens);
    } else if (queue !== undefined) this.#askAnswerLength(queue, batch, index, slot, completeNs);
  }

  /** Counts the answer of completed record `index`, which is not measured: its tokens only show in the history. */
  onUntrackedComplete(batch: EventBatch, index: number, completeNs: number): void {
    const completionTokens = extraOf(batch, index, COMPLETE_EXTRA.completionTokens);
    if (this.#countsOutput && isTokenCount(completionTokens))
      this.#options.history.onOutputTokens(completeNs, completionTokens);
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

  #recordDetails(batch: EventBatch, index: number): void {
    const { cached_tokens, reasoning_tokens, accepted_prediction_tokens } = this.#options.series;
    const cached = extraOf(batch, index, COMPLETE_EXTRA.cachedTokens);
    if (isTokenCount(cached)) cached_tokens.record(cached);
    const reasoning = extraOf(batch, index, COMPLETE_EXTRA.reasoningTokens);
    if (isTokenCount(reasoning)) reasoning_tokens?.record(reasoning);
    const accepted = extraOf(batch, index, COMPLETE_EXTRA.acceptedPredictionTokens);
    if (isTokenCount(accepted)) accepted_prediction_tokens?.record(accepted);
  }

  #takeUsage(
    batch: EventBatch,
    index: number,
    completionTokens: number,
    slot: number,
    completeNs: number,
  ): void {
    if (completionTokens === 0) return;
    this.#recordOsl(completionTokens, 'server', this.#timesOf(slot, completeNs));
    const { table, responses } = this.#options;
    const chunks = table.chunks[slot]!;
    if (chunks === 0) return;
    const response = this.#streamed(slot);
    responses.onStreamed(completionTokens - hiddenTokens(batch, index, response), chunks);
    if (chunks === 1) return;
    const tokens = tokensBehindFirstChunk(batch, index, response);
    const streamingNs = this.#streamingNs(slot);
    if (Number.isNaN(tokens) || !(streamingNs >= 0)) return;
    this.#recordTpot(streamingNs / tokens, 'server', completeNs, this.#options.listenersOf(slot));
    this.#latenessOf(slot, streamingNs, completeNs)(streamingNs / tokens);
  }

  #streamed(slot: number): StreamedResponse {
    const { table, choices } = this.#options;
    return {
      choices: choices.has(slot) ? choices.count(slot) : 1,
      hasReasoning: (table.flags[slot]! & RowFlag.reasoningStreamed) !== 0,
    };
  }

  /** From the first chunk to the last, over all choices. */
  #streamingNs(slot: number): number {
    const { table, choices } = this.#options;
    if (choices.has(slot)) return choices.streamingNs(slot);
    return table.lastRecvNs[slot]! - table.recvFirstNs[slot]!;
  }

  #compareNowAndThen(
    queue: TokenQueue,
    batch: EventBatch,
    index: number,
    slot: number,
    completionTokens: number,
  ): void {
    const nth = this.#usageCount++;
    if (nth >= COMPARED_AT_FIRST && nth % COMPARED_LATER_EVERY !== 0) return;
    const payload = this.#options.payloads.read(batch, index);
    const whole = payload?.type === 'TextModelOutput' ? answerInput(payload.data) : undefined;
    if (whole === undefined) return;
    const visible = completionTokens - hiddenTokens(batch, index, this.#streamed(slot));
    queue.enqueue(whole, (tokenCount) => this.#options.responses.onCompared(visible, tokenCount));
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
    const times = this.#timesOf(slot, completeNs);
    if (whole !== undefined)
      queue.enqueue(whole, (tokenCount) => this.#recordOsl(tokenCount, 'tokenizer', times));
    const { table, tpot, choices } = this.#options;
    const recvFirstNs = table.recvFirstNs[slot]!;
    // Which tokens came first in each of several choices, their text does not tell.
    if (tpot === undefined || Number.isNaN(recvFirstNs) || choices.has(slot)) return;
    const rest = answerInputAfterFirstChunk(payload.data);
    if (rest === undefined) return;
    // The reference's own events carry no due time, and its TPOT lasts to the completion.
    const lastNs = Number.isNaN(table.dueNs[slot]!) ? completeNs : table.lastRecvNs[slot]!;
    const bound = this.#latenessOf(slot, lastNs - recvFirstNs, completeNs);
    const { listeners } = times;
    queue.enqueue(rest, (tokenCount) => {
      if (tokenCount === 0) return;
      this.#recordTpot((lastNs - recvFirstNs) / tokenCount, 'tokenizer', completeNs, listeners);
      bound((lastNs - recvFirstNs) / tokenCount);
    });
  }

  /** Tells how late the reads of a sample's TPOT may be; made while its row is there. */
  #latenessOf(slot: number, spanNs: number, completeNs: number): (nsPerToken: number) => void {
    const { lateness, table } = this.#options;
    const [lateNs, firstLateNs] = [table.lastRecvLateNs[slot]!, table.recvFirstLateNs[slot]!];
    return (nsPerToken) => lateness.recordTpot(completeNs, nsPerToken, { spanNs, lateNs, firstLateNs });
  }

  #recordIsl(tokenCount: number, source: TokenSource): void {
    this.#options.series.isl.record(tokenCount);
    this.#sources.isl[source]++;
  }

  /** When the answer in a row came. */
  #timesOf(slot: number, completeNs: number): AnswerTimes {
    const { recvFirstNs, lastRecvNs } = this.#options.table;
    const [firstNs, lastNs] = [recvFirstNs[slot]!, lastRecvNs[slot]!];
    const listeners = this.#options.listenersOf(slot);
    return Number.isNaN(firstNs) || Number.isNaN(lastNs)
      ? { firstNs: completeNs, lastNs: completeNs, completeNs, listeners }
      : { firstNs, lastNs, completeNs, listeners };
  }

  #recordOsl(tokenCount: number, source: TokenSource, times: AnswerTimes): void {
    const { firstNs, lastNs, completeNs, listeners } = times;
    this.#options.series.osl?.record(tokenCount);
    this.#options.history.onOutputTokens(completeNs, tokenCount);
    this.#options.throughput.onTokens(firstNs, lastNs, tokenCount);
    for (const listener of listeners) listener.onTokens(firstNs, lastNs, tokenCount);
    this.#sources.osl[source]++;
  }

  #recordTpot(
    nsPerToken: number,
    source: TokenSource,
    completeNs: number,
    listeners: readonly TokenListener[],
  ): void {
    const { tpot } = this.#options;
    if (tpot === undefined) return;
    // What the server tells is told now; our own count comes later.
    if (source === 'server') tpot.record(nsPerToken);
    else tpot.recordLate(nsPerToken, completeNs);
    for (const listener of listeners) listener.onTpot(nsPerToken);
    this.#sources.tpot[source]++;
  }
}

/** When an answer's first and last chunk came, both its completion when it was not streamed; and what else it counts for. */
interface AnswerTimes {
  readonly firstNs: number;
  readonly lastNs: number;
  readonly completeNs: number;
  readonly listeners: readonly TokenListener[];
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

function noneBySource(): Record<TokenSource, number> {
  return Object.fromEntries(TOKEN_SOURCES.map((source) => [source, 0])) as Record<TokenSource, number>;
}
