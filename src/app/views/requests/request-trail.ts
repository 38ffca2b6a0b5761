import { CHANNELS, EVENT_TOPICS, EventKind, isErrorKind } from '../../../core/event-types.ts';
import { type SampleSeq, sampleUuid } from '../../../core/ids.ts';
import type { PromptData, TextModelOutput } from '../../../core/model-output.ts';
import { messageParts, type MessageParts } from '../../../core/model-output-text.ts';
import { durationText } from '../../../core/quantity-text.ts';
import {
  ATTEMPT_EXTRA,
  choiceOf,
  COMPLETE_EXTRA,
  type EventBatch,
  extraOf,
  ISSUED_EXTRA,
  payloadOf,
} from '../../../events/event-batch.ts';
import { decodePayload, type EventPayload } from '../../../events/payload.ts';
import type { RequestChunk, RequestDetail, RequestEvent } from '../../../web/request-table.ts';
import { shownPrompt, shownText } from './shown-text.ts';

/** Chunks whose times are shown. */
const MOST_CHUNKS = 5000;
const MOST_EVENTS = 1000;
const NO_PARTS: MessageParts = { content: '', reasoning: null, toolCalls: null };

/** What the events of a log tell of one request. */
export class RequestTrail {
  readonly #seq: number;
  readonly #chunks: RequestChunk[] = [];
  readonly #events: RequestEvent[] = [];
  readonly #errors: RequestDetail['errors'][number][] = [];
  #chunkCount = 0;
  #uuid: string | undefined;
  #worker: number | null = null;
  #dueNs: number | null = null;
  #completedNs: number | null = null;
  #cachedTokens: number | null = null;
  #reasoningTokens: number | null = null;
  #prompt: PromptData | undefined;
  #output: TextModelOutput | undefined;

  constructor(seq: number) {
    this.#seq = seq;
  }

  /** Nothing of it follows. */
  get isComplete(): boolean {
    return this.#completedNs !== null;
  }

  take(batch: EventBatch): void {
    const { sampleSeqs } = batch;
    for (let i = sampleSeqs.indexOf(this.#seq); i !== -1; i = sampleSeqs.indexOf(this.#seq, i + 1))
      this.#takeRecord(batch, i);
  }

  /** `rowPrompt`: what the row of the dataset asks, where the log has it. */
  finish(
    runId: string,
    rowPrompt: PromptData | undefined,
  ): Omit<RequestDetail, 'row' | 'conversationId' | 'startedAt' | 'previous' | 'next' | 'place' | 'found'> {
    const prompt = this.#prompt ?? rowPrompt;
    const parts = this.#output === undefined ? NO_PARTS : messageParts(this.#output);
    return {
      sampleId: this.#uuid ?? sampleUuid(runId as Parameters<typeof sampleUuid>[0], this.#seq as SampleSeq),
      worker: this.#worker,
      dueNs: this.#dueNs,
      completedNs: this.#completedNs,
      errors: this.#errors,
      events: this.#events,
      chunks: this.#chunks,
      chunkCount: this.#chunkCount,
      cachedTokens: this.#cachedTokens,
      reasoningTokens: this.#reasoningTokens,
      prompt: prompt === undefined ? null : shownPrompt(prompt),
      response: parts.content === '' ? null : shownText(parts.content),
      reasoning: parts.reasoning === null ? null : shownText(parts.reasoning),
      toolCalls: parts.toolCalls === null ? null : shownText(JSON.stringify(parts.toolCalls, null, 2)),
    };
  }

  #takeRecord(batch: EventBatch, index: number): void {
    const kind = batch.kinds[index]! as EventKind;
    const atNs = batch.timestampsNs[index]!;
    if (kind === EventKind.sampleRecvFirst || kind === EventKind.sampleRecvNonFirst)
      this.#chunk(batch, index, atNs);
    else if (kind === EventKind.sampleIssued) this.#issue(batch, index);
    else if (kind === EventKind.sampleComplete) this.#complete(batch, index, atNs);
    else if (isErrorKind(kind)) this.#fail(batch, index, kind, atNs);
    else if (kind === EventKind.sampleAttemptFailed) this.#failAttempt(batch, index, atNs);
    else if (kind === EventKind.sampleRetried)
      this.#note(atNs, `attempt ${extraOf(batch, index, ATTEMPT_EXTRA.attempt)} sent`);
  }

  #issue(batch: EventBatch, index: number): void {
    this.#worker = batch.workerId < 0 ? null : batch.workerId;
    this.#dueNs = orNull(extraOf(batch, index, ISSUED_EXTRA.dueNs));
    this.#uuid = batch.notes?.get(index)?.sampleUuid;
    const payload = payloadAt(batch, index);
    if (payload?.type === 'PromptData') this.#prompt = payload.data;
  }

  #chunk(batch: EventBatch, index: number, atNs: number): void {
    this.#chunkCount += 1;
    if (this.#chunks.length >= MOST_CHUNKS) return;
    const { extras, extraEnds } = batch;
    const channels: string[] = [];
    for (let at = index === 0 ? 0 : extraEnds[index - 1]!; at < extraEnds[index]!; at++) {
      const channel = CHANNELS[extras[at]!];
      if (channel !== undefined) channels.push(channel);
    }
    this.#chunks.push({ atNs, choice: choiceOf(batch, index), channels });
  }

  #complete(batch: EventBatch, index: number, atNs: number): void {
    this.#completedNs = atNs;
    this.#cachedTokens = orNull(extraOf(batch, index, COMPLETE_EXTRA.cachedTokens));
    this.#reasoningTokens = orNull(extraOf(batch, index, COMPLETE_EXTRA.reasoningTokens));
    const payload = payloadAt(batch, index);
    if (payload?.type === 'TextModelOutput') this.#output = payload.data;
  }

  #fail(batch: EventBatch, index: number, kind: EventKind, atNs: number): void {
    if (this.#errors.length >= MOST_EVENTS) return;
    const payload = payloadAt(batch, index);
    const { errorType, errorMessage } =
      payload?.type === 'ErrorData' ? payload.data : { errorType: EVENT_TOPICS[kind], errorMessage: '' };
    this.#errors.push({ type: errorType, message: shownText(errorMessage), atNs });
  }

  #failAttempt(batch: EventBatch, index: number, atNs: number): void {
    const payload = payloadAt(batch, index);
    const why =
      payload?.type === 'ErrorData' ? `${payload.data.errorType}: ${payload.data.errorMessage}` : '';
    const waitNs = extraOf(batch, index, ATTEMPT_EXTRA.waitNs);
    const wait = Number.isNaN(waitNs) ? '' : `; the next one waits ${durationText(waitNs)}`;
    const attempt = extraOf(batch, index, ATTEMPT_EXTRA.attempt);
    this.#note(atNs, `attempt ${attempt} failed: ${shownText(why).text}${wait}`);
  }

  #note(atNs: number, what: string): void {
    if (this.#events.length < MOST_EVENTS) this.#events.push({ atNs, what });
  }
}

function payloadAt(batch: EventBatch, index: number): EventPayload | undefined {
  const bytes = payloadOf(batch, index);
  return bytes === undefined ? undefined : decodePayload(bytes);
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
