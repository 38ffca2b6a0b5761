import { Aggregator } from '../../src/aggregator/aggregator.ts';
import { registerRunMetrics, type RunMetrics } from '../../src/aggregator/run-metrics.ts';
import { EventKind } from '../../src/core/event-types.ts';
import type { SampleSeq } from '../../src/core/ids.ts';
import { createLog, type Log } from '../../src/core/log.ts';
import type { CounterName, SeriesName } from '../../src/core/metric-catalogue.ts';
import type { PromptData, TextModelOutput } from '../../src/core/model-output.ts';
import type { GroupDimension } from '../../src/core/sample-groups.ts';
import type { Nanoseconds } from '../../src/core/time.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { PayloadEncoder } from '../../src/events/payload.ts';
import { MetricsRegistry } from '../../src/metrics/registry.ts';
import type { GoodRule } from '../../src/rules/good-rule.ts';
import type { TokenCounter } from '../../src/tokens/token-counter.ts';
import { TokenQueue } from '../../src/tokens/token-queue.ts';

const encoder = new PayloadEncoder();

/** An event at a time, of a sample by its number or of none. */
export function event(kind: EventKind, timestampNs: number, sample?: number): EventRecord {
  return {
    kind,
    timestampNs: timestampNs as Nanoseconds,
    ...(sample === undefined ? {} : { sampleSeq: sample as SampleSeq }),
  };
}

export const started = (atNs: number) => event(EventKind.sessionStarted, atNs);
export const ended = (atNs: number) => event(EventKind.sessionEnded, atNs);
export const startTracking = (atNs: number) => event(EventKind.sessionStartTracking, atNs);
export const stopTracking = (atNs: number) => event(EventKind.sessionStopTracking, atNs);

export function issued(sample: number | undefined, atNs: number, asked?: Partial<PromptData>): EventRecord {
  const record = event(EventKind.sampleIssued, atNs, sample);
  return asked === undefined ? record : { ...record, payload: encoder.promptData(prompt(asked)) };
}

/** An issued record as our engine writes it: due time and dataset row, no payload. */
export function issuedDue(sample: number, atNs: number, dueNs: number, row = 0): EventRecord {
  return { ...event(EventKind.sampleIssued, atNs, sample), extras: [dueNs, row] };
}

export function recvFirst(sample: number, atNs: number, ...channelCodes: number[]): EventRecord {
  return { ...event(EventKind.sampleRecvFirst, atNs, sample), extras: channelCodes };
}

export function recvNonFirst(sample: number, atNs: number, ...channelCodes: number[]): EventRecord {
  return { ...event(EventKind.sampleRecvNonFirst, atNs, sample), extras: channelCodes };
}

export interface Completion {
  readonly answer?: Partial<TextModelOutput>;
  /** As of `COMPLETE_EXTRA`. */
  readonly usage?: readonly number[];
  readonly finishReason?: string;
}

export function complete(sample: number | undefined, atNs: number, completion: Completion = {}): EventRecord {
  const { answer, usage, finishReason } = completion;
  return {
    ...event(EventKind.sampleComplete, atNs, sample),
    ...(answer === undefined
      ? {}
      : { payload: encoder.textModelOutput({ output: '', reasoning: null, toolCalls: null, ...answer }) }),
    ...(usage === undefined ? {} : { extras: usage }),
    ...(finishReason === undefined ? {} : { finishReason }),
  };
}

export function failed(sample: number | undefined, atNs: number, type = 'Boom', message = 'x'): EventRecord {
  const payload = encoder.errorData({ errorType: type, errorMessage: message });
  return { ...event(EventKind.errorGeneric, atNs, sample), payload };
}

export function prompt(parts: Partial<PromptData>): PromptData {
  return {
    text: null,
    tokenIds: null,
    messages: null,
    tools: null,
    chatTemplateKwargs: null,
    chatTemplate: null,
    toolChoice: null,
    ...parts,
  };
}

/** A token is a word. */
export const wordCounter: TokenCounter = {
  countTexts: (texts) => Promise.resolve(texts.map((text) => text.match(/\S+/g)?.length ?? 0)),
  close: () => Promise.resolve(),
};

export interface ScriptOptions {
  /** Samples may be turns of conversations; default false. */
  readonly conversations?: boolean;
  /** How the samples are divided; default: not at all. */
  readonly groups?: readonly GroupDimension[];
  /** When a sample is good; default: nobody asks. */
  readonly good?: GoodRule;
  /** Default true. */
  readonly streaming?: boolean;
  /** Default: words; null for none. */
  readonly tokenCounter?: TokenCounter | null;
}

/** An aggregator fed by hand, and what it says. */
export class ScriptedRun {
  readonly aggregator: Aggregator;
  readonly registry: MetricsRegistry;
  readonly metrics: RunMetrics;
  readonly queue: TokenQueue | undefined;
  readonly logLines: string[] = [];
  startCount = 0;
  endCount = 0;

  constructor({ streaming = true, tokenCounter = wordCounter, ...more }: ScriptOptions = {}) {
    const log: Log = createLog((line) => this.logLines.push(line));
    this.queue = tokenCounter === null ? undefined : new TokenQueue(tokenCounter, log);
    this.registry = new MetricsRegistry({ log });
    this.metrics = registerRunMetrics(this.registry, { streaming, ...more });
    this.aggregator = new Aggregator({
      metrics: this.metrics,
      tokenQueue: this.queue,
      log,
      onStarted: () => this.startCount++,
      onEnded: () => this.endCount++,
    });
  }

  /** One batch. */
  send(...records: readonly EventRecord[]): this {
    this.aggregator.process(buildEventBatch(records));
    return this;
  }

  count(name: CounterName): number {
    return this.metrics.counters[name].value;
  }

  /** Values in the order recorded; undefined for a series this run does not have. */
  values(name: SeriesName): readonly number[] | undefined {
    const series = this.metrics.series[name];
    return series && [...series.values()];
  }

  /** Like {@link values}, once all tokens are counted. */
  async valuesAfterDrain(name: SeriesName): Promise<readonly number[] | undefined> {
    await this.queue?.drain();
    return this.values(name);
  }
}
