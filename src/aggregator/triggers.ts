import { CHANNELS } from '../core/event-types.ts';
import type { SeriesSampler } from '../metrics/sampler.ts';
import type { HistoryRecorder, HistorySeries } from './history-recorder.ts';
import type { RunMetrics } from './run-metrics.ts';
import { RowFlag, type SampleTable } from './sample-table.ts';
import type { TimedSeries } from './timed-series.ts';

/**
 * What a change of a row records. Each trigger is called before the change is written, so that the row still holds the
 * stamps from before it. A stamp that is not there (NaN) records nothing; differences are recorded unfiltered, negative
 * ones too.
 */
export class Triggers {
  readonly #table: SampleTable;
  readonly #sampleLatency: TimedSeries;
  readonly #ttft: TimedSeries | undefined;
  readonly #chunkDelta: TimedSeries | undefined;
  readonly #responseTtft: TimedSeries | undefined;
  readonly #responseLatency: TimedSeries;
  readonly #issueDelay: TimedSeries;
  /** By the code of the channel. */
  readonly #ttftOfChannel: readonly (SeriesSampler | undefined)[];

  constructor(table: SampleTable, { series }: RunMetrics, history: HistoryRecorder) {
    const timed = (name: HistorySeries, sampler: SeriesSampler | undefined) =>
      sampler && history.timed(name, sampler);
    this.#table = table;
    this.#sampleLatency = history.timed('sample_latency_ns', series.sample_latency_ns);
    this.#ttft = timed('ttft_ns', series.ttft_ns);
    this.#chunkDelta = timed('chunk_delta_ns', series.chunk_delta_ns);
    this.#responseTtft = timed('response_ttft_ns', series.response_ttft_ns);
    this.#responseLatency = history.timed('response_latency_ns', series.response_latency_ns);
    this.#issueDelay = history.timed('issue_delay_ns', series.issue_delay_ns);
    this.#ttftOfChannel = CHANNELS.map((channel) => series[`ttft_${channel}_ns`]);
  }

  /** @hot */
  beforeIssued(timestampNs: number, dueNs: number): void {
    if (!Number.isNaN(dueNs)) this.#issueDelay.record(timestampNs - dueNs, timestampNs);
  }

  /** @hot */
  beforeRecvFirst(slot: number, timestampNs: number): void {
    const { issuedNs, dueNs, recvFirstNs } = this.#table;
    this.#ttft?.record(timestampNs - issuedNs[slot]!, timestampNs);
    const sinceDueNs = timestampNs - dueNs[slot]!;
    const isFirst = Number.isNaN(recvFirstNs[slot]!);
    if (isFirst && !Number.isNaN(sinceDueNs)) this.#responseTtft?.record(sinceDueNs, timestampNs);
  }

  /** For each chunk, the first one too. @hot */
  beforeLastRecv(slot: number, timestampNs: number): void {
    const deltaNs = timestampNs - this.#table.lastRecvNs[slot]!;
    if (!Number.isNaN(deltaNs)) this.#chunkDelta?.record(deltaNs, timestampNs);
  }

  /** A chunk that opens a channel. */
  onChannelOpened(slot: number, timestampNs: number, channelCode: number): void {
    this.#ttftOfChannel[channelCode]?.record(timestampNs - this.#table.issuedNs[slot]!);
  }

  /** @hot */
  beforeComplete(slot: number, timestampNs: number): void {
    const { issuedNs, dueNs, flags } = this.#table;
    this.#sampleLatency.record(timestampNs - issuedNs[slot]!, timestampNs);
    const sinceDueNs = timestampNs - dueNs[slot]!;
    const succeeded = (flags[slot]! & (RowFlag.errored | RowFlag.cancelled)) === 0;
    if (succeeded && !Number.isNaN(sinceDueNs)) this.#responseLatency.record(sinceDueNs, timestampNs);
  }
}
