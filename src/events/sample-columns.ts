/** How a sample stood at the end of the log; the position is the code in {@link SampleColumns.outcomes}. */
export const SAMPLE_OUTCOMES = [
  'in_flight',
  'succeeded',
  'errored',
  'cancelled',
  'cancelled_by_plan',
] as const;
export type SampleOutcome = (typeof SAMPLE_OUTCOMES)[number];

/** Samples of a run in the order of issue, a column a field; times in ns since the run's origin, NaN for what never came. */
export interface SampleColumns {
  readonly count: number;
  readonly seqs: Float64Array;
  /** Row of the dataset. */
  readonly rows: Float64Array;
  /** Number of its conversation, and of the turn in its thread, from 1; NaN for a single request. */
  readonly conversations: Float64Array;
  readonly turns: Float64Array;
  /** NaN in closed loop, where nothing is due. */
  readonly dueNs: Float64Array;
  readonly issuedNs: Float64Array;
  readonly firstChunkNs: Float64Array;
  readonly lastChunkNs: Float64Array;
  readonly completedNs: Float64Array;
  /**
   * By how much the first chunk and the completion may have been read late, as far as that is known one by one: 0 outside of all windows. Both are
   * NaN throughout when the log holds no window, and for what never came.
   */
  readonly firstChunkLateNs: Float64Array;
  readonly completedLateNs: Float64Array;
  readonly chunks: Float64Array;
  /** Of samples that ended: from the first chunk to the last, and how many choices there were; with several, their times added up. */
  readonly streamingNs: Float64Array;
  readonly choices: Float64Array;
  /** By the server's usage, the tokens in that time; NaN when it did not tell: see `tokensBehindFirstChunk`. */
  readonly streamedTokens: Float64Array;
  /** How often its request was sent. */
  readonly attempts: Uint8Array;
  /** Position in {@link StoredSamples.texts}: types of the failures of attempts that another one followed, in their order. */
  readonly retriedAfter: Uint16Array;
  /** Position in {@link SAMPLE_OUTCOMES}. */
  readonly outcomes: Uint8Array;
  /** 1 for a sample that was issued while the run was measuring, 0 for one of a warm-up. */
  readonly measured: Uint8Array;
  /** As the server told them; NaN when it did not. */
  readonly inputTokens: Float64Array;
  readonly outputTokens: Float64Array;
  /** Engine worker; -1 when not known. */
  readonly workers: Float64Array;
  /** Number of its group, from 1; 0 for none: see `core/sample-groups.ts`. */
  readonly groups: Uint16Array;
  /** Position in {@link StoredSamples.texts}. */
  readonly finishReasons: Uint16Array;
  /** Likewise, the type of the first error. */
  readonly errorTypes: Uint16Array;
}

/** Every sample of a run. */
export interface StoredSamples {
  readonly count: number;
  /** When the run began to measure, each time. */
  readonly measuringSinceNs: readonly number[];
  /** What the columns of texts stand for; the first stands for none. */
  readonly texts: readonly (string | null)[];
  /** The uuid of a sample of a foreign run by its number; undefined for ours, which have it from their run. */
  foreignUuid(seq: number): string | undefined;
  /** The ids that the dataset gives its conversations, by the number of the conversation in the run; empty without any. */
  readonly conversationIds: ReadonlyMap<number, string>;
  /** All samples in the order of issue, in pieces; what is given is good until the next. May be called again. */
  chunks(): Iterable<SampleColumns>;
  /** Frees what the samples take outside of memory. */
  close(): void;
}

const CANCELLED_BY_PLAN = SAMPLE_OUTCOMES.indexOf('cancelled_by_plan');

/** From issued to the end of a sample, ns; NaN for one that was cancelled by plan, which was not waited for. The report has the same. */
export function latencyNs({ outcomes, completedNs, issuedNs }: SampleColumns, at: number): number {
  return outcomes[at] === CANCELLED_BY_PLAN ? NaN : completedNs[at]! - issuedNs[at]!;
}

/** Time per output token of a sample, ns; NaN for one without, or whose tokens the server did not count. The report has the same. */
export function timePerTokenNs({ chunks, streamingNs, streamedTokens }: SampleColumns, at: number): number {
  return chunks[at]! > 1 ? streamingNs[at]! / streamedTokens[at]! : NaN;
}

/** Mean time between two chunks of one choice, ns; NaN where there are not two. */
export function meanChunkGapNs({ chunks, streamingNs, choices }: SampleColumns, at: number): number {
  const gaps = chunks[at]! - choices[at]!;
  return gaps > 0 ? streamingNs[at]! / gaps : NaN;
}
