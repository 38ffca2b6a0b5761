import { Aggregator } from '../../src/aggregator/aggregator.ts';
import { registerRunMetrics } from '../../src/aggregator/run-metrics.ts';
import { EventKind, FINISH_ABSENT } from '../../src/core/event-types.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { Nanoseconds } from '../../src/core/time.ts';
import { buildEventBatch, finishReasonCode } from '../../src/events/batch-builder.ts';
import { decodeBatch, encodeBatchFrame } from '../../src/events/columnar-codec.ts';
import type { EventBatch } from '../../src/events/event-batch.ts';
import { PayloadEncoder } from '../../src/events/payload.ts';
import { RAW_BUDGET_BYTES } from '../../src/app/fold/run-fold.ts';
import { MetricsRegistry } from '../../src/metrics/registry.ts';
import { FRAME_HEADER_BYTES } from '../../src/transport/frame.ts';

/** Samples in flight at a time, each a chunk further than the next. */
const IN_FLIGHT = 64;
const CONTENT_CHANNEL = 0;
const PROMPT_TOKENS = 9;
const STOPPED = finishReasonCode('stop');
const BEGIN_NS = 1000;
/** Records of a frame, as the engine hands them over. */
const BATCH_RECORDS = 1024;
/** Between two records of the run; odd, so that not all values are alike. */
const RECORD_GAP_NS = 1237;
const JITTERS = 97;
/** What is added to the gap on average, below. */
export const MEAN_JITTER_NS = (JITTERS - 1) / 2;

/** An aggregator with all metrics of a streaming run, the session begun and tracking. */
export function startedAggregator(spillDirectory?: string) {
  const registry = new MetricsRegistry({ log: SILENT_LOG });
  const metrics = registerRunMetrics(registry, {
    streaming: true,
    series: { rawBudgetBytes: RAW_BUDGET_BYTES },
    ...(spillDirectory === undefined ? {} : { spillDirectory }),
  });
  const aggregator = new Aggregator({ metrics, tokenQueue: undefined, log: SILENT_LOG });
  const timestampNs = 0 as Nanoseconds;
  const kinds = [EventKind.sessionStarted, EventKind.sessionStartTracking];
  aggregator.process(buildEventBatch(kinds.map((kind) => ({ kind, timestampNs }))));
  return { registry, metrics, aggregator };
}

/** Records of a sample with so many chunks. */
export function recordsOf(chunks: number): number {
  return chunks + 2;
}

/** The frames of a streaming run as an engine worker writes them: samples by their number, 64 in flight, in the order of time. */
export function* syntheticFrames(
  samples: number,
  chunks: number,
  recordGapNs = RECORD_GAP_NS,
): Generator<Uint8Array> {
  const columns = new Columns(chunks);
  let nowNs = BEGIN_NS;
  for (let first = 0; first < samples; first += IN_FLIGHT) {
    const end = Math.min(samples, first + IN_FLIGHT);
    for (let step = 0; step < recordsOf(chunks); step++) {
      for (let sample = first; sample < end; sample++) {
        nowNs += recordGapNs + (sample % JITTERS);
        columns.add(sample, step, nowNs);
        if (columns.count === BATCH_RECORDS) yield columns.takeFrame();
      }
    }
  }
  if (columns.count > 0) yield columns.takeFrame();
}

export function batchOf(frame: Uint8Array): EventBatch {
  return decodeBatch(frame.subarray(FRAME_HEADER_BYTES));
}

/** The columns of the batch that is being filled, reused from batch to batch. */
class Columns {
  count = 0;
  readonly #chunks: number;
  readonly #answer: Uint8Array;
  readonly #kinds = new Uint8Array(BATCH_RECORDS);
  readonly #finishReasons = new Uint8Array(BATCH_RECORDS);
  readonly #sampleSeqs = new Uint32Array(BATCH_RECORDS);
  readonly #payloadEnds = new Uint32Array(BATCH_RECORDS);
  readonly #extraEnds = new Uint32Array(BATCH_RECORDS);
  readonly #timestampsNs = new Float64Array(BATCH_RECORDS);
  readonly #extras = new Float64Array(2 * BATCH_RECORDS);
  readonly #payload: Uint8Array;
  #extraEnd = 0;
  #payloadEnd = 0;

  constructor(chunks: number) {
    this.#chunks = chunks;
    this.#answer = new PayloadEncoder().textModelOutput({
      output: ['Hello', ' there'.repeat(chunks - 1)],
      reasoning: null,
      toolCalls: null,
    });
    this.#payload = new Uint8Array(BATCH_RECORDS * this.#answer.length);
  }

  /** Record `step` of a sample: issued, its chunks, complete. */
  add(sample: number, step: number, nowNs: number): void {
    const index = this.count++;
    this.#sampleSeqs[index] = sample;
    this.#timestampsNs[index] = nowNs;
    this.#finishReasons[index] = FINISH_ABSENT;
    if (step === 0) {
      this.#kinds[index] = EventKind.sampleIssued;
      this.#extras[this.#extraEnd++] = nowNs - (sample % 50_000);
      this.#extras[this.#extraEnd++] = sample % 1000;
    } else if (step === 1) {
      this.#kinds[index] = EventKind.sampleRecvFirst;
      this.#extras[this.#extraEnd++] = CONTENT_CHANNEL;
    } else if (step <= this.#chunks) {
      this.#kinds[index] = EventKind.sampleRecvNonFirst;
    } else {
      this.#kinds[index] = EventKind.sampleComplete;
      this.#finishReasons[index] = STOPPED;
      this.#extras[this.#extraEnd++] = PROMPT_TOKENS;
      this.#extras[this.#extraEnd++] = this.#chunks;
      this.#payload.set(this.#answer, this.#payloadEnd);
      this.#payloadEnd += this.#answer.length;
    }
    this.#extraEnds[index] = this.#extraEnd;
    this.#payloadEnds[index] = this.#payloadEnd;
  }

  takeFrame(): Uint8Array {
    const { count } = this;
    const frame = encodeBatchFrame({
      ...{ count, workerId: 0, notes: undefined },
      kinds: this.#kinds.subarray(0, count),
      finishReasons: this.#finishReasons.subarray(0, count),
      sampleSeqs: this.#sampleSeqs.subarray(0, count),
      payloadEnds: this.#payloadEnds.subarray(0, count),
      extraEnds: this.#extraEnds.subarray(0, count),
      timestampsNs: this.#timestampsNs.subarray(0, count),
      extras: this.#extras.subarray(0, this.#extraEnd),
      payload: this.#payload.subarray(0, this.#payloadEnd),
    });
    this.count = 0;
    this.#extraEnd = 0;
    this.#payloadEnd = 0;
    return frame;
  }
}
