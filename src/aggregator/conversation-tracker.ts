import type { ConversationLane } from '../core/conversation-lanes.ts';
import { TURN_BUCKETS } from '../core/metric-catalogue.ts';
import { COMPLETE_EXTRA, type EventBatch, extraOf, ISSUED_EXTRA } from '../events/event-batch.ts';
import type { Json } from '../metrics/snapshot.ts';
import type { SeriesSampler } from '../metrics/sampler.ts';
import { LaneRecorder } from './lane-recorder.ts';
import type { RunMetrics } from './run-metrics.ts';

/** The last position, from 0, in each bucket of turns but the last. */
const LAST_POSITIONS = [0, 1, 3, 7, 15];
const NO_BUCKET = 255;
/** Beyond this a file claims what no run can have; such turns are samples and nothing more. */
const MAX_TURNS = 2 ** 32;

/** A conversation of which not all turns have succeeded yet. */
interface OpenConversation {
  /** From the one with which it started. */
  readonly turnCount: number;
  /** NaN for one that started midway: how long it takes as a whole is not known. */
  readonly firstDueNs: number;
  succeeded: number;
  hasFailed: boolean;
  /** Prompt and completion of its longest turn that has succeeded; NaN before the server has told of one. */
  longestTokens: number;
}

/** `given_up`: by the end of the run. */
export type TurnOutcome = 'succeeded' | 'failed' | 'given_up';

interface TurnSeries {
  readonly ttft: SeriesSampler | undefined;
  readonly latency: SeriesSampler;
  readonly isl: SeriesSampler;
  readonly cachedTokens: SeriesSampler;
  readonly cacheableTokens: SeriesSampler;
}

/**
 * What becomes of conversations, from the samples that are their turns. One is completed when all of its turns have succeeded, and failed
 * when one has not; the others are under way, or cut off once the run is over.
 *
 * Memory: some 100 bytes for each conversation that is not completed, and 17 for each sample in flight.
 */
export class ConversationTracker {
  readonly #latency: SeriesSampler;
  readonly #series: readonly TurnSeries[];
  readonly #open = new Map<number, OpenConversation>();
  readonly #lanes = new LaneRecorder();
  /** By slot of the sample table. */
  #buckets = new Uint8Array(1024);
  #conversations = new Float64Array(1024);
  /** Tokens that earlier turns of the same conversation had left in a cache when this one was issued. */
  #earlierTokens = new Float64Array(1024);
  #begun = 0;
  #completed = 0;
  #failed = 0;
  #turnsPlanned = 0;
  #turnsIssued = 0;

  private constructor(latency: SeriesSampler, series: readonly TurnSeries[]) {
    this.#latency = latency;
    this.#series = series;
  }

  /** Undefined for a run of single requests. */
  static of({ series }: RunMetrics): ConversationTracker | undefined {
    const latency = series.conversation_latency_ns;
    if (latency === undefined) return undefined;
    const ofBuckets = TURN_BUCKETS.map((bucket) => ({
      ttft: series[`turn_${bucket}_ttft_ns`],
      latency: series[`turn_${bucket}_latency_ns`]!,
      isl: series[`turn_${bucket}_isl`]!,
      cachedTokens: series[`turn_${bucket}_cached_tokens`]!,
      cacheableTokens: series[`turn_${bucket}_cacheable_tokens`]!,
    }));
    return new ConversationTracker(latency, ofBuckets);
  }

  /** A sample got a row. */
  onIssued(batch: EventBatch, index: number, slot: number, dueNs: number): void {
    this.#reserve(slot);
    this.#buckets[slot] = NO_BUCKET;
    const conversation = extraOf(batch, index, ISSUED_EXTRA.conversation);
    const position = extraOf(batch, index, ISSUED_EXTRA.position);
    const turnCount = extraOf(batch, index, ISSUED_EXTRA.turnCount);
    if (!(conversation >= 0 && position >= 0 && turnCount > 0 && turnCount < MAX_TURNS)) return;
    const bucket = LAST_POSITIONS.findIndex((last) => position <= last);
    this.#buckets[slot] = bucket < 0 ? LAST_POSITIONS.length : bucket;
    this.#conversations[slot] = conversation;
    this.#turnsIssued += 1;
    this.#lanes.onIssued(conversation, slot, position + 1, dueNs, batch.timestampsNs[index]!);
    this.#earlierTokens[slot] = this.#begin(conversation, turnCount, position, dueNs).longestTokens;
  }

  /** A turn was due and given up: its conversation was begun all the same. */
  onNotSent(batch: EventBatch, index: number): void {
    const conversation = extraOf(batch, index, ISSUED_EXTRA.conversation);
    const turnCount = extraOf(batch, index, ISSUED_EXTRA.turnCount);
    if (!(conversation >= 0 && turnCount > 0 && turnCount < MAX_TURNS)) return;
    const position = extraOf(batch, index, ISSUED_EXTRA.position);
    this.#begin(conversation, turnCount, position, extraOf(batch, index, ISSUED_EXTRA.dueNs));
  }

  /** `position`: of the first turn that is seen of it. */
  #begin(conversation: number, allTurns: number, position: number, dueNs: number): OpenConversation {
    const known = this.#open.get(conversation);
    if (known !== undefined) return known;
    const startsMidway = position > 0 && position < allTurns;
    const turnCount = startsMidway ? allTurns - position : allTurns;
    const firstDueNs = startsMidway ? NaN : dueNs;
    const open = { turnCount, firstDueNs, succeeded: 0, hasFailed: false, longestTokens: NaN };
    this.#open.set(conversation, open);
    this.#begun += 1;
    this.#turnsPlanned += turnCount;
    return open;
  }

  /** Positions of a sample's turn, `3-4`; undefined for a sample that is no turn. */
  positionsOf(slot: number): string | undefined {
    return TURN_BUCKETS[this.#buckets[slot]!]?.replace('_up', '+').replace('_', '-');
  }

  onFirstChunk(slot: number, timestampNs: number, issuedNs: number): void {
    this.#series[this.#buckets[slot]!]?.ttft?.record(timestampNs - issuedNs);
    this.#lanes.onFirstChunk(slot, timestampNs);
  }

  onComplete(
    batch: EventBatch,
    index: number,
    slot: number,
    outcome: TurnOutcome,
    { timestampNs, issuedNs }: { readonly timestampNs: number; readonly issuedNs: number },
  ): void {
    const series = this.#series[this.#buckets[slot]!];
    if (series === undefined) return;
    this.#lanes.onComplete(slot, timestampNs, outcome);
    const conversation = this.#conversations[slot]!;
    const open = this.#open.get(conversation);
    // A log may claim more turns than it said there are.
    if (open === undefined) return;
    if (outcome !== 'succeeded') {
      if (outcome === 'failed' && !open.hasFailed) {
        open.hasFailed = true;
        this.#failed += 1;
      }
      return;
    }
    series.latency.record(timestampNs - issuedNs);
    const promptTokens = extraOf(batch, index, COMPLETE_EXTRA.promptTokens);
    recordIfKnown(series.isl, promptTokens);
    recordIfKnown(series.cachedTokens, extraOf(batch, index, COMPLETE_EXTRA.cachedTokens));
    recordIfKnown(series.cacheableTokens, Math.min(promptTokens, this.#earlierTokens[slot]!));
    const turnTokens = promptTokens + extraOf(batch, index, COMPLETE_EXTRA.completionTokens);
    if (!(open.longestTokens >= turnTokens) && turnTokens >= 0) open.longestTokens = turnTokens;
    open.succeeded += 1;
    if (open.succeeded < open.turnCount) return;
    this.#open.delete(conversation);
    this.#completed += 1;
    if (!Number.isNaN(open.firstDueNs)) this.#latency.record(timestampNs - open.firstDueNs);
  }

  /** Undefined before the first one. `under_way` are cut off once the run is over. */
  facts(): { readonly [key: string]: Json } | undefined {
    if (this.#begun === 0) return undefined;
    return {
      begun: this.#begun,
      completed: this.#completed,
      failed: this.#failed,
      under_way: this.#begun - this.#completed - this.#failed,
      turns_planned: this.#turnsPlanned,
      turns_issued: this.#turnsIssued,
    };
  }

  /** How the first ones went over time; undefined before the first one. */
  lanes(): readonly ConversationLane[] | undefined {
    return this.#begun === 0 ? undefined : this.#lanes.lanes();
  }

  #reserve(slot: number): void {
    if (slot < this.#buckets.length) return;
    const buckets = new Uint8Array(2 * slot);
    buckets.set(this.#buckets);
    this.#buckets = buckets;
    const conversations = new Float64Array(2 * slot);
    conversations.set(this.#conversations);
    this.#conversations = conversations;
    const earlierTokens = new Float64Array(2 * slot);
    earlierTokens.set(this.#earlierTokens);
    this.#earlierTokens = earlierTokens;
  }
}

function recordIfKnown(series: SeriesSampler, value: number): void {
  if (value >= 0) series.record(value);
}
