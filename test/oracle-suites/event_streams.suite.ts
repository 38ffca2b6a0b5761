import { AggregatorService } from '../../src/aggregator/service.ts';
import { eventKindOfTopic } from '../../src/core/event-types.ts';
import type { SampleSeq } from '../../src/core/ids.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { COUNTERS, SERIES } from '../../src/core/metric-catalogue.ts';
import type { MessageParts } from '../../src/core/model-output-text.ts';
import type { PromptData, TextModelOutput } from '../../src/core/model-output.ts';
import type { Nanoseconds } from '../../src/core/time.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { PayloadEncoder } from '../../src/events/payload.ts';
import { MetricsRegistry } from '../../src/metrics/registry.ts';
import type { SeriesSampler } from '../../src/metrics/sampler.ts';
import type { TokenCounter } from '../../src/tokens/token-counter.ts';
import { differences } from './compare.ts';
import { readOracle, type OracleSuite } from './suite.ts';

interface GoldenData {
  readonly type: string;
  readonly [field: string]: unknown;
}

type GoldenEvent = readonly [
  topic: string,
  timestampNs: number | bigint,
  uuid: string,
  data: GoldenData | null,
  more?: { readonly finish_reason?: string | null },
];

interface GoldenSeries {
  readonly values: readonly number[];
  readonly count: number;
  readonly total: string | number;
  readonly min: number | null;
  readonly max: number | null;
}

interface GoldenCase {
  readonly name: string;
  readonly streaming: boolean;
  readonly tokenizer: string;
  readonly drain_timeout_s: number | null;
  readonly batches: readonly number[];
  readonly events: readonly GoldenEvent[];
  readonly expected: {
    readonly counters: Readonly<Record<string, number>>;
    readonly series: Readonly<Record<string, GoldenSeries>>;
    readonly in_flight_rows: readonly string[];
    readonly [field: string]: unknown;
  };
}

export const suite: OracleSuite = {
  name: 'event_streams',
  cases: () =>
    readOracle<{ cases: readonly GoldenCase[] }>('event_streams.json').cases.map((golden) => ({
      name: golden.name,
      run: () => runCase(golden),
    })),
};

/** The catalogue lists the reference's metrics first; ours trail and are left out of the comparison. */
const REFERENCE_COUNTERS = COUNTERS.slice(0, 15).map(({ name }) => name);
const REFERENCE_SERIES = SERIES.slice(0, 6).map(({ name }) => name);

/** Longer than any case takes: token counts are flushed at the end only, as in the recording. */
const PUBLISH_INTERVAL_MS = 60_000;

async function runCase(golden: GoldenCase): Promise<readonly string[]> {
  const calls = { tickStart: 0, publishFinal: 0 };
  const registry = new MetricsRegistry({ log: SILENT_LOG });
  const service = new AggregatorService({
    registry,
    publisher: {
      start: () => void calls.tickStart++,
      publishFinal: (status) => {
        calls.publishFinal++;
        return Promise.resolve(
          registry.buildSnapshot({
            timestampNs: 0,
            state: status.interrupted ? 'interrupted' : 'complete',
            pendingTaskCount: status.pendingTaskCount,
          }),
        );
      },
      close: () => Promise.resolve(),
    },
    streaming: golden.streaming,
    tokenCounter: tokenCounterNamed(golden.tokenizer),
    publishIntervalMs: PUBLISH_INTERVAL_MS,
    drainTimeoutMs: (golden.drain_timeout_s ?? 0) * 1000,
    log: SILENT_LOG,
  });
  const seqs = new SampleNumbers();
  const originNs = earliestNs(golden.events);
  let first = 0;
  for (const size of golden.batches) {
    const events = golden.events.slice(first, first + size);
    service.process(buildEventBatch(events.map((event) => recordOf(event, seqs, originNs))));
    first += size;
  }
  if (service.aggregator.state === 'draining') await service.closed;
  service.cancelPending();
  const found = outcomeOf(service, seqs, originNs, calls);
  // The order of rows in flight is that of the reference's dictionary and says nothing.
  const wanted = { ...golden.expected, in_flight_rows: golden.expected.in_flight_rows.toSorted() };
  return differences(wanted, found);
}

function outcomeOf(
  { aggregator, metrics }: AggregatorService,
  seqs: SampleNumbers,
  originNs: bigint,
  calls: { readonly tickStart: number; readonly publishFinal: number },
) {
  return {
    state: aggregator.state,
    publish_final_calls: calls.publishFinal,
    tick_start_calls: calls.tickStart,
    n_pending_tasks: aggregator.pendingTaskCount,
    counters: Object.fromEntries(REFERENCE_COUNTERS.map((name) => [name, metrics.counters[name].value])),
    series: Object.fromEntries(
      REFERENCE_SERIES.flatMap((name) => {
        const series = metrics.series[name];
        return series === undefined ? [] : [[name, seriesOutcome(series)]];
      }),
    ),
    in_flight_rows: aggregator
      .inFlightRows()
      .map(({ seq }) => seqs.uuidOf(seq))
      .sort(),
    is_tracking: aggregator.isTracking,
    tracked_blocks: aggregator.windows.map(({ startNs, lastCompleteNs, completedCount }) => ({
      start_ns: originNs + BigInt(startNs),
      last_complete_ns: originNs + BigInt(lastCompleteNs),
      duration_ns: lastCompleteNs - startNs,
      completed_samples: completedCount,
    })),
    table_total_tracked_duration_ns: aggregator.trackedDurationNs,
    table_loadgen_window_ns: aggregator.loadgenDurationNs,
  };
}

function seriesOutcome(series: SeriesSampler): GoldenSeries {
  const { count, total } = series;
  return {
    values: [...series.values()],
    count,
    total: series.valueKind === 'int' ? total.toString() : Number(total),
    min: count === 0 ? null : series.min,
    max: count === 0 ? null : series.max,
  };
}

/** Numbers for the uuids of a case, in order of appearance. */
class SampleNumbers {
  readonly #seqs = new Map<string, SampleSeq>();

  seqOf(uuid: string): SampleSeq {
    const seq = this.#seqs.get(uuid) ?? (this.#seqs.size as SampleSeq);
    this.#seqs.set(uuid, seq);
    return seq;
  }

  uuidOf(seq: SampleSeq): string {
    return [...this.#seqs.keys()][seq]!;
  }
}

/** Times may be beyond 2^53; in a run they count from its origin. */
function earliestNs(events: readonly GoldenEvent[]): bigint {
  return events
    .map(([, timestampNs]) => BigInt(timestampNs))
    .reduce((earliest, timestampNs) => (timestampNs < earliest ? timestampNs : earliest), 2n ** 64n);
}

function recordOf(
  [topic, timestampNs, uuid, data, more]: GoldenEvent,
  seqs: SampleNumbers,
  originNs: bigint,
): EventRecord {
  const kind = eventKindOfTopic(topic);
  if (kind === undefined) throw new Error(`unknown topic ${topic}`);
  return {
    kind,
    timestampNs: Number(BigInt(timestampNs) - originNs) as Nanoseconds,
    ...(uuid === '' ? {} : { sampleSeq: seqs.seqOf(uuid) }),
    ...(data === null ? {} : { payload: payloadOf(data) }),
    ...(typeof more?.finish_reason === 'string' && { finishReason: more.finish_reason }),
  };
}

function payloadOf(data: GoldenData): Uint8Array {
  const encoder = new PayloadEncoder();
  switch (data.type) {
    case 'TextModelOutput':
      return encoder.textModelOutput({
        output: (data.output ?? '') as TextModelOutput['output'],
        reasoning: (data.reasoning ?? null) as TextModelOutput['reasoning'],
        toolCalls: (data.tool_calls ?? null) as TextModelOutput['toolCalls'],
      });
    case 'PromptData':
      return encoder.promptData({
        text: (data.text ?? null) as PromptData['text'],
        tokenIds: (data.token_ids ?? null) as PromptData['tokenIds'],
        messages: (data.messages ?? null) as PromptData['messages'],
        tools: (data.tools ?? null) as PromptData['tools'],
        chatTemplateKwargs: (data.chat_template_kwargs ?? null) as PromptData['chatTemplateKwargs'],
        chatTemplate: (data.chat_template ?? null) as PromptData['chatTemplate'],
        toolChoice: data.tool_choice ?? null,
      });
    case 'ErrorData':
      return encoder.errorData({
        errorType: data.error_type as string,
        errorMessage: (data.error_message ?? '') as string,
      });
    default:
      throw new Error(`unknown payload ${data.type}`);
  }
}

/** The tokenizers the cases name; see the README of the golden data. */
function tokenCounterNamed(name: string): TokenCounter | undefined {
  switch (name) {
    case 'none':
      return undefined;
    case 'whitespace':
      return counterOf((text) => words(text));
    case 'fail':
      return counterAnswering(() => Promise.reject(new Error('no tokenizer today')));
    case 'fail_on_bad':
      return counterOf((text) => (text.includes('BAD') ? NaN : words(text)));
    case 'hang':
      return counterAnswering(() => new Promise<never>(() => undefined));
    default:
      throw new Error(`unknown tokenizer ${name}`);
  }
}

function counterOf(count: (text: string) => number): TokenCounter {
  const countAll = (texts: readonly string[]) => Promise.resolve(texts.map(count));
  return {
    countTexts: countAll,
    countAnswers: (answers) => countAll(answers.map(answerText)),
    countPrompts: (prompts) => countAll(prompts.map(promptText)),
    close: () => Promise.resolve(),
  };
}

/** Gives whatever it is asked the same answer. */
function counterAnswering(answer: () => Promise<never>): TokenCounter {
  return { countTexts: answer, countAnswers: answer, countPrompts: answer, close: () => Promise.resolve() };
}

/** Runs of what Python's `str.split` does not split at. */
const WORD = /(?:[^\s\x1c-\x1f\x85]|\ufeff)+/g;

function words(text: string): number {
  return text.match(WORD)?.length ?? 0;
}

function answerText({ content, reasoning, toolCalls }: MessageParts): string {
  return `${content} ${reasoning ?? ''} ${toolCalls === null ? '' : JSON.stringify(toolCalls)}`;
}

function promptText({ messages }: PromptData): string {
  return (messages ?? []).map(({ content }) => (typeof content === 'string' ? content : '')).join(' ');
}
