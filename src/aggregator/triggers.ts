import { CHANNELS } from '../core/event-types.ts';
import type { SeriesSampler } from '../metrics/sampler.ts';
import type { RunMetrics } from './run-metrics.ts';
import type { ResponseTally } from './response-tally.ts';
import { RowFlag, type SampleTable } from './sample-table.ts';

const REASONING = CHANNELS.indexOf('reasoning');

/**
 * What a change of a row records. Each trigger is called before the change is written, so that the row still holds the
 * stamps from before it. A stamp that is not there (NaN) records nothing; differences are recorded unfiltered, negative
 * ones too.
 */
export class Triggers {
  readonly #table: SampleTable;
  readonly #responses: ResponseTally;
  readonly #sampleLatency: SeriesSampler;
  /** To the first chunk, or to what stands for it in responses without text. */
  readonly #ttft: SeriesSampler | undefined;
  readonly #chunkDelta: SeriesSampler | undefined;
  readonly #responseTtft: SeriesSampler | undefined;
  readonly #responseLatency: SeriesSampler;
  readonly #issueDelay: SeriesSampler;
  /** By the code of the channel. */
  readonly #ttftOfChannel: readonly (SeriesSampler | undefined)[];

  constructor(table: SampleTable, { series }: RunMetrics, responses: ResponseTally) {
    this.#table = table;
    this.#responses = responses;
    this.#sampleLatency = series.sample_latency_ns;
    this.#ttft = series.ttft_ns ?? series.first_audio_ns ?? series.first_image_ns;
    this.#chunkDelta = series.chunk_delta_ns;
    this.#responseTtft = series.response_ttft_ns;
    this.#responseLatency = series.response_latency_ns;
    this.#issueDelay = series.issue_delay_ns;
    this.#ttftOfChannel = CHANNELS.map((channel) => series[`ttft_${channel}_ns`]);
  }

  /** @hot */
  beforeIssued(timestampNs: number, dueNs: number): void {
    if (!Number.isNaN(dueNs)) this.#issueDelay.record(timestampNs - dueNs);
  }

  /** @hot */
  beforeRecvFirst(slot: number, timestampNs: number): void {
    const { issuedNs, dueNs, recvFirstNs } = this.#table;
    this.#ttft?.record(timestampNs - issuedNs[slot]!);
    const sinceDueNs = timestampNs - dueNs[slot]!;
    const isFirst = Number.isNaN(recvFirstNs[slot]!);
    if (isFirst && !Number.isNaN(sinceDueNs)) this.#responseTtft?.record(sinceDueNs);
  }

  /** A chunk came so long after the one before it; NaN for the first. @hot */
  onGap(gapNs: number): void {
    if (Number.isNaN(gapNs)) return;
    this.#chunkDelta?.record(gapNs);
    if (gapNs === 0) this.#responses.onZeroGap();
  }

  /** A chunk that opens a channel. */
  onChannelOpened(slot: number, timestampNs: number, channelCode: number): void {
    this.#ttftOfChannel[channelCode]?.record(timestampNs - this.#table.issuedNs[slot]!);
    if (channelCode === REASONING) this.#table.flags[slot]! |= RowFlag.reasoningStreamed;
  }

  /** @hot */
  beforeComplete(slot: number, timestampNs: number): void {
    const { issuedNs, dueNs, flags } = this.#table;
    this.#sampleLatency.record(timestampNs - issuedNs[slot]!);
    const sinceDueNs = timestampNs - dueNs[slot]!;
    const succeeded = (flags[slot]! & (RowFlag.errored | RowFlag.cancelled)) === 0;
    if (succeeded && !Number.isNaN(sinceDueNs)) this.#responseLatency.record(sinceDueNs);
  }
}
