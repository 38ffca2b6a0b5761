import { CHANNELS, EventKind } from '../../src/core/event-types.ts';
import {
  fullText,
  isStructured,
  messageParts,
  messagePartsAfterFirstChunk,
  textAfterFirstChunk,
} from '../../src/core/model-output-text.ts';
import type { PromptData, TextModelOutput } from '../../src/core/model-output.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { decodePayload } from '../../src/events/payload.ts';
import { answerAsText, promptAsText } from '../../src/tokens/token-input.ts';

interface Row {
  window: Window;
  issued?: number;
  due?: number;
  first?: number;
  last?: number;
  chunks: number;
  islAsked: boolean;
  reasoned?: boolean;
  choices?: Map<number, { first: number | undefined; last: number }>;
  errors: string[];
}

interface Window {
  start: number;
  last: number;
  completed: number;
}

const words = (text: string) => text.match(/\S+/g)?.length ?? 0;

/**
 * The folding again, as plainly as the specification puts it: an object a row, an array a series, one record at a time.
 * Tokens (words) are counted on the spot, so the order of token values is not the queue's.
 */
export class NaiveAggregator {
  readonly counters: Record<string, number> = {};
  readonly series: Record<string, number[]> = {};
  readonly rows = new Map<number, Row>();
  readonly windows: Window[] = [];
  tracking = false;
  started: number | undefined;
  ended = false;
  firstIssued: number | undefined;
  lastIssued = -1;
  lastIssuedComplete: number | undefined;
  readonly prompts: readonly PromptData[];

  constructor(prompts: readonly PromptData[]) {
    this.prompts = prompts;
  }

  fold(record: EventRecord): void {
    if (this.ended) return;
    const { kind, timestampNs: at, sampleSeq: seq } = record;
    if (this.started !== undefined) {
      this.counters.total_duration_ns = Math.max(this.counters.total_duration_ns ?? 0, at - this.started);
    }
    if (kind === EventKind.sessionStarted) this.started ??= at;
    if (kind === EventKind.sessionEnded) this.ended = true;
    if (kind === EventKind.sessionStartTracking && !this.tracking) {
      this.tracking = true;
      this.windows.push({ start: at, last: at, completed: 0 });
    }
    if (kind === EventKind.sessionStopTracking) {
      this.tracking = false;
      this.counters.tracked_duration_ns = this.trackedDuration();
      this.counters.legacy_loadgen_window_duration_ns = this.loadgenDuration();
    }
    if (kind >= EventKind.errorGeneric && kind <= EventKind.errorClient) this.error(record, seq);
    if (kind === EventKind.sampleNotSent && this.windows.length > 0) this.count('tracked_samples_not_sent');
    if (seq === undefined) return;
    if (kind === EventKind.sampleIssued) this.issued(record, seq, at);
    if (kind === EventKind.sampleRecvFirst) this.first(record, seq, at);
    if (kind === EventKind.sampleRecvNonFirst) this.chunk(record, seq, at);
    if (kind === EventKind.sampleComplete) this.complete(record, seq, at);
  }

  trackedDuration(): number {
    return this.windows.reduce((sum, window) => sum + window.last - window.start, 0);
  }

  loadgenDuration(): number {
    return this.lastIssuedComplete === undefined
      ? 0
      : Math.max(0, this.lastIssuedComplete - this.firstIssued!);
  }

  issued(record: EventRecord, seq: number, at: number): void {
    if (this.tracking) {
      const window = this.windows.at(-1)!;
      const row = this.rows.get(seq) ?? { window, chunks: 0, islAsked: false, errors: [] };
      this.rows.set(seq, row);
      row.window = window;
      this.firstIssued ??= at;
      const [due, datasetRow] = record.extras ?? [];
      if (due !== undefined) this.add('issue_delay_ns', at - due);
      const isl = this.promptTokens(record, datasetRow);
      if (isl !== undefined) {
        row.islAsked = true;
        this.add('isl', isl);
      }
      row.issued = at;
      row.due = due;
    }
    this.count('total_samples_issued');
    if (this.rows.has(seq)) this.count('tracked_samples_issued');
  }

  promptTokens(record: EventRecord, datasetRow: number | undefined): number | undefined {
    const payload = record.payload && decodePayload(record.payload);
    const prompt = payload ? payload.data : datasetRow === undefined ? undefined : this.prompts[datasetRow];
    if (prompt === undefined || !('tokenIds' in prompt)) return undefined;
    if (prompt.tokenIds) return prompt.tokenIds.length;
    if (prompt.text) return words(prompt.text);
    return prompt.messages?.length ? words(promptAsText(prompt)) : undefined;
  }

  first(record: EventRecord, seq: number, at: number): void {
    const row = this.rows.get(seq);
    if (!row) return;
    this.add('ttft_ns', at - row.issued!);
    if (row.first === undefined && row.due !== undefined) this.add('response_ttft_ns', at - row.due);
    row.first = at;
    this.chunk(record, seq, at);
  }

  chunk(record: EventRecord, seq: number, at: number): void {
    const row = this.rows.get(seq);
    if (!row) return;
    const extras = record.extras ?? [];
    const choice = extras[0] !== undefined && extras[0] < 0 ? -extras[0] : 0;
    const before = this.lastOf(row, choice, at);
    if (before !== undefined) this.add('chunk_delta_ns', at - before);
    row.last = at;
    row.chunks++;
    for (const code of extras.filter((one) => one >= 0)) {
      this.add(`ttft_${CHANNELS[code]!}_ns`, at - row.issued!);
      row.reasoned ||= CHANNELS[code] === 'reasoning';
    }
  }

  /** When the choice's last chunk came before this one. */
  lastOf(row: Row, choice: number, at: number): number | undefined {
    if (choice === 0 && !row.choices) return row.last;
    row.choices ??= new Map(row.last === undefined ? [] : [[0, { first: row.first, last: row.last }]]);
    const known = row.choices.get(choice);
    if (!known) row.choices.set(choice, { first: at, last: at });
    const before = known?.last;
    if (known) known.last = at;
    return before;
  }

  complete(record: EventRecord, seq: number, at: number): void {
    this.count('total_samples_completed');
    const row = this.rows.get(seq);
    if (!row) return;
    const isCancelled = row.errors.length > 0 && row.errors.every((type) => type.startsWith('cancelled'));
    const isByPlan = isCancelled && row.errors.includes('cancelled.planned');
    if (!isByPlan) this.add('sample_latency_ns', at - row.issued!);
    if (row.errors.length === 0 && row.due !== undefined) this.add('response_latency_ns', at - row.due);
    this.answerTokens(record, row, at);
    const outcome = row.errors.length === 0 ? 'succeeded' : isCancelled ? 'cancelled' : 'errored';
    row.window.completed++;
    if (outcome !== 'cancelled') {
      row.window.last = Math.max(row.window.last, at);
      if (row.issued! > this.lastIssued) {
        this.lastIssued = row.issued!;
        this.lastIssuedComplete = at;
      }
    }
    this.rows.delete(seq);
    this.count('tracked_samples_completed');
    const known = ['stop', 'length', 'tool_calls', 'content_filter', 'function_call'];
    const reason = record.finishReason;
    if (reason !== undefined) {
      this.count(`tracked_finish_reason_${known.includes(reason) ? reason : 'other'}`);
    }
    this.count(isByPlan ? 'tracked_samples_cancelled_by_plan' : `tracked_samples_${outcome}`);
  }

  answerTokens(record: EventRecord, row: Row, at: number): void {
    const [prompt = NaN, completion = NaN, cached = NaN, reasoning = NaN, accepted = NaN, firsts = NaN] =
      record.extras ?? [];
    if (!row.islAsked && prompt >= 0) this.add('isl', prompt);
    if (cached >= 0) this.add('cached_tokens', cached);
    if (reasoning >= 0) this.add('reasoning_tokens', reasoning);
    if (accepted >= 0) this.add('accepted_prediction_tokens', accepted);
    if (completion >= 0) {
      if (completion > 0) this.add('osl', completion);
      const streams = [...(row.choices?.values() ?? [{ first: row.first, last: row.last }])];
      const time = streams.reduce((sum, { first, last }) => sum + (last! - first!), 0);
      const hidden = reasoning >= 0 && !row.reasoned ? reasoning : 0;
      const rest =
        firsts >= 0 ? completion - firsts - (streams.length - 1) : completion - hidden - streams.length;
      if (completion > 0 && row.chunks > 1 && rest > 0 && time >= 0) this.add('tpot_ns', time / rest);
      return;
    }
    const payload = record.payload && decodePayload(record.payload);
    if (payload?.type !== 'TextModelOutput') return;
    const whole = tokensOf(payload.data, messageParts, fullText);
    if (whole !== undefined) this.add('osl', whole);
    const rest = tokensOf(payload.data, messagePartsAfterFirstChunk, textAfterFirstChunk);
    const end = row.due === undefined ? at : row.last!;
    if (row.first !== undefined && rest && !row.choices) this.add('tpot_ns', (end - row.first) / rest);
  }

  error(record: EventRecord, seq: number | undefined): void {
    this.count('total_samples_failed');
    const row = seq === undefined ? undefined : this.rows.get(seq);
    if (!row) return;
    const payload = record.payload && decodePayload(record.payload);
    const type = payload?.type === 'ErrorData' ? payload.data.errorType : 'none';
    if (type !== 'cancelled.planned') this.count('tracked_samples_failed');
    row.errors.push(type);
  }

  count(name: string): void {
    this.counters[name] = (this.counters[name] ?? 0) + 1;
  }

  add(name: string, value: number): void {
    (this.series[name] ??= []).push(value);
  }
}

function tokensOf(
  output: TextModelOutput,
  parts: typeof messageParts,
  text: typeof fullText,
): number | undefined {
  if (isStructured(output)) return words(answerAsText(parts(output)));
  return text(output) === '' ? undefined : words(text(output));
}
