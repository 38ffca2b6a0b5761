import {
  CANCELLED_BY_PLAN_ERROR_TYPE,
  CANCELLED_ERROR_TYPE,
  EVENT_TOPICS,
  EventKind,
  FINISH_ABSENT,
  FINISH_REASONS,
} from '../core/event-types.ts';
import { NO_SAMPLE, type SampleSeq } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { PromptData } from '../core/model-output.ts';
import type { LogDistribution, RunMark } from '../core/run-history.ts';
import { ChoiceTimes } from '../events/choice-times.ts';
import { choiceOf, extraOf, type EventBatch, ISSUED_EXTRA } from '../events/event-batch.ts';
import type { CounterSampler } from '../metrics/sampler.ts';
import { asJson, type Json, type SessionState } from '../metrics/snapshot.ts';
import type { TokenQueue } from '../tokens/token-queue.ts';
import { ConnectionRecorder } from './connection-recorder.ts';
import { ConversationTracker, type TurnOutcome } from './conversation-tracker.ts';
import { ErrorTally } from './error-tally.ts';
import { GoodputTracker } from './goodput-tracker.ts';
import { GroupTracker, NO_GROUP } from './group-tracker.ts';
import { HistoryRecorder, type EndedAs } from './history-recorder.ts';
import { LatenessRecorder } from './lateness-recorder.ts';
import { PayloadReader } from './payload-reader.ts';
import { RetryTally } from './retry-tally.ts';
import { ResponseTally } from './response-tally.ts';
import type { RunMetrics } from './run-metrics.ts';
import { RowFlag, SampleTable, type SampleRow } from './sample-table.ts';
import { SlowestSamples } from './slowest-samples.ts';
import { ThroughputRecorder } from '../stats/throughput-recorder.ts';
import { type TokenListener, TokenMetrics } from './token-metrics.ts';
import { TrackingWindows, type TrackingWindow } from './tracking-windows.ts';
import { Triggers } from './triggers.ts';
import { UntilTracker } from './until-tracker.ts';
import { UntrackedFailures } from './untracked-failures.ts';

const RECORDS_PER_DEBUG_LINE = 10_000;

export interface AggregatorOptions {
  readonly metrics: RunMetrics;
  /** Where tokens are counted; undefined without a tokenizer. */
  readonly tokenQueue: TokenQueue | undefined;
  readonly log: Log;
  /** Called in the middle of a batch when the session starts, once. */
  readonly onStarted?: () => void;
  /** Called after the batch in which the session ended, once. */
  readonly onEnded?: () => void;
}

/** Samples that came twice, told one by one. */
const TOLD_ISSUED_AGAIN = 5;

/**
 * Folds the events of a run into its metrics, record by record in the order of arrival.
 *
 * Only samples issued inside a tracking window are tracked: they have a row from ISSUED to COMPLETE and feed the series and
 * the `tracked_` counters; all others count in the `total_` counters and in the history only. An ERROR counts for a sample while its row
 * lives, so it has to come before the COMPLETE. Each row ends as exactly one of succeeded, errored, cancelled and cancelled by plan, so
 * that rows opened = the sum of these + in flight. One that was cancelled by plan has no latency: it was not waited for. Events behind the session's end are ignored.
 *
 * Synchronous and pure but for the token counts, which the queue delivers later. A chunk costs about 70 ns; only
 * prompts, answers and errors allocate.
 */
export class Aggregator {
  /** How the run goes over time, warm-up included. */
  readonly history: HistoryRecorder;
  /** How late the client read, and how far the metrics may be off for that. */
  readonly lateness: LatenessRecorder;
  readonly connections: ConnectionRecorder;

  readonly #options: AggregatorOptions;
  readonly #counters: RunMetrics['counters'];
  readonly #finishReasonCounters: readonly CounterSampler[];
  readonly #outcomeCounters: Readonly<Record<EndedAs, CounterSampler>>;
  readonly #table = new SampleTable();
  readonly #windows = new TrackingWindows();
  readonly #errors = new ErrorTally();
  readonly #untrackedFailures = new UntrackedFailures();
  readonly #responses: ResponseTally;
  readonly #retries = new RetryTally();
  readonly #choices = new ChoiceTimes({
    firstNs: (slot) => this.#table.recvFirstNs[slot]!,
    lastNs: (slot) => this.#table.lastRecvNs[slot]!,
  });
  readonly #slowest = new SlowestSamples(this.#table);
  readonly #throughput = new ThroughputRecorder();
  readonly #triggers: Triggers;
  readonly #tokens: TokenMetrics;
  readonly #conversations: ConversationTracker | undefined;
  readonly #groups: GroupTracker | undefined;
  readonly #goodput: GoodputTracker | undefined;
  readonly #until: UntilTracker | undefined;
  /** Of the sample that is completing. */
  #tokenListeners: readonly TokenListener[] = NO_GROUP;
  readonly #payloads: PayloadReader;
  #issuedAgain = 0;
  #state: SessionState = 'initialize';
  #startedNs = NaN;
  #totalDurationNs = 0;
  #recordCount = 0;
  #ended = false;

  constructor(options: AggregatorOptions) {
    const { metrics, tokenQueue: queue, log } = options;
    this.#options = options;
    this.history = new HistoryRecorder(metrics);
    this.connections = new ConnectionRecorder(metrics);
    this.lateness = new LatenessRecorder(metrics, this.history.bounds);
    this.#counters = metrics.counters;
    this.#finishReasonCounters = FINISH_REASONS.map(
      (reason) => metrics.counters[`tracked_finish_reason_${reason}`],
    );
    this.#outcomeCounters = {
      succeeded: metrics.counters.tracked_samples_succeeded,
      errored: metrics.counters.tracked_samples_errored,
      cancelled: metrics.counters.tracked_samples_cancelled,
    };
    this.#responses = new ResponseTally(metrics.series.audio_second_ns);
    this.#triggers = new Triggers(this.#table, metrics, this.#responses);
    this.#conversations = ConversationTracker.of(metrics);
    this.#groups = metrics.groups && new GroupTracker(metrics.groups, this.#throughput);
    this.#goodput = metrics.good && new GoodputTracker(metrics.good, this.#table, this.#throughput);
    this.#until = metrics.until && new UntilTracker(metrics.until, metrics);
    this.#payloads = new PayloadReader(log);
    this.#tokens = new TokenMetrics({
      series: metrics.series,
      throughput: this.#throughput,
      tpot: this.history.series('tpot_ns'),
      lateness: this.lateness,
      ...{ queue, payloads: this.#payloads, table: this.#table, history: this.history },
      listenersOf: () => this.#tokenListeners,
      ...{ choices: this.#choices, responses: this.#responses },
    });
  }

  /** `draining` from the session's end on; the terminal state belongs to the final snapshot. */
  get state(): SessionState {
    return this.#state;
  }

  /** Token counts asked for and not yet recorded. */
  get pendingTaskCount(): number {
    return this.#tokens.pendingCount;
  }

  get isTracking(): boolean {
    return this.#windows.isTracking;
  }

  get windows(): readonly TrackingWindow[] {
    return this.#windows.windows;
  }

  /** Sum over the tracking windows up to now, ns. */
  get trackedDurationNs(): number {
    return this.#windows.durationNs();
  }

  /** LoadGen's window up to now, ns. */
  get loadgenDurationNs(): number {
    return this.#windows.loadgenDurationNs();
  }

  /** The tracked samples in flight. Allocates. */
  inFlightRows(): readonly SampleRow[] {
    return this.#table.rows();
  }

  /** Facts for the snapshot that are no metric. */
  extras(): { readonly [key: string]: Json } {
    const { isl, osl, tpot } = this.#tokens.sources;
    const throughput = this.#throughput.throughput();
    const conversations = this.#conversations?.facts();
    const retries = this.#retries.facts();
    return {
      ...(throughput === undefined ? {} : { throughput: asJson(throughput) }),
      ...(conversations === undefined ? {} : { conversations }),
      ...(retries === undefined ? {} : { retries }),
      ...(this.#groups === undefined ? {} : { groups: this.#groups.facts() }),
      ...(this.#goodput === undefined ? {} : { goodput: asJson(this.#goodput.facts()) }),
      in_flight: this.#table.size,
      issuing_ns: this.#windows.issuingNs(),
      token_sources: { isl: { ...isl }, osl: { ...osl }, tpot: { ...tpot } },
      errors_by_type: this.#errors.counts().map((error) => ({ ...error })),
      responses: { ...this.#responses.facts(this.#options.metrics.series.chunk_delta_ns?.count ?? 0) },
    };
  }

  /** How well the figures are known that may end the run; undefined where none may. For live snapshots only. */
  untilSoFar(): Json | undefined {
    const soFar = this.#until?.soFar(this.#windows.issuingNs(), {
      throughput: this.#throughput.throughput(),
      history: () => this.history.history(),
    });
    return soFar && asJson(soFar);
  }

  /** The long ones among the facts, for a snapshot now and then: {@link HistoryExtras}. Costs about 2 ms for ten minutes. */
  historyExtras(): { readonly [key: string]: Json } {
    const history = this.history.history();
    const bounds = this.lateness.bounds();
    const lanes = this.#conversations?.lanes();
    return {
      ...(history === undefined ? {} : { history: asJson(history) }),
      ...(bounds === undefined ? {} : { client_bounds: asJson(bounds) }),
      distributions: asJson(distributionsOf(this.#options.metrics)),
      ...(lanes === undefined ? {} : { conversation_lanes: asJson(lanes) }),
      slowest_samples: asJson(this.#slowest.samples()),
    };
  }

  /** Somebody touched the run, or a phase began. */
  onMark(mark: RunMark): void {
    this.history.onMark(mark);
    if (mark.kind === 'resume') this.#throughput.resume(mark.at_ns);
  }

  /** Tells the prompts of the dataset's rows from `firstRow` on; must precede the samples that use them. */
  setPrompts(firstRow: number, prompts: readonly PromptData[]): void {
    this.#tokens.setPrompts(firstRow, prompts);
  }

  /** Brings the counters of the tracked durations up to date; they are only set at STOP and at the end. */
  refreshDurations(): void {
    this.#counters.tracked_duration_ns.set(this.#windows.durationNs());
    this.#counters.legacy_loadgen_window_duration_ns.set(this.#windows.loadgenDurationNs());
  }

  /** Folds one batch. @hot */
  process(batch: EventBatch): void {
    if (this.#ended) return;
    const { count, kinds, sampleSeqs, timestampsNs } = batch;
    let index = 0;
    this.lateness.goTo(batch.workerId);
    for (; index < count && !this.#ended; index++) {
      const timestampNs = timestampsNs[index]!;
      const sinceStartNs = timestampNs - this.#startedNs;
      if (sinceStartNs > this.#totalDurationNs) this.#totalDurationNs = sinceStartNs;
      this.history.goTo(timestampNs);
      this.#fold(batch, index, kinds[index]!, sampleSeqs[index] as SampleSeq, timestampNs);
    }
    this.#counters.total_duration_ns.set(this.#totalDurationNs);
    this.history.reach(this.#startedNs + this.#totalDurationNs);
    this.#logProgress(index);
    if (!this.#ended) return;
    this.#state = 'draining';
    this.#options.onEnded?.();
  }

  /** @hot */
  #fold(batch: EventBatch, index: number, kind: number, seq: SampleSeq, timestampNs: number): void {
    switch (kind) {
      case EventKind.sampleRecvNonFirst:
        this.#onRecvNonFirst(batch, index, seq, timestampNs);
        return;
      case EventKind.sampleRecvFirst:
        this.#onRecvFirst(batch, index, seq, timestampNs);
        return;
      case EventKind.sampleIssued:
        if (seq !== NO_SAMPLE) this.#onIssued(batch, index, seq, timestampNs);
        return;
      case EventKind.sampleComplete:
        if (seq !== NO_SAMPLE) this.#onComplete(batch, index, seq, timestampNs);
        return;
      case EventKind.errorGeneric:
      case EventKind.errorLoadgen:
      case EventKind.errorSession:
      case EventKind.errorClient:
        this.#onError(batch, index, kind, seq);
        return;
      case EventKind.sampleNotSent:
        // It has no row, and the run may have stopped tracking: what it was due for tells whether it was to be measured.
        if (this.#windows.latestIndex < 0) return;
        this.#counters.tracked_samples_not_sent.add(1);
        this.#conversations?.onNotSent(batch, index);
        this.#groups?.onNotSent(batch, index);
        return;
      case EventKind.sessionStarted:
        this.#onStarted(timestampNs);
        return;
      case EventKind.sampleAttemptFailed:
        this.#onAttemptFailed(batch, index, seq);
        return;
      case EventKind.sampleRetried:
        if (seq !== NO_SAMPLE && this.#table.slotOf(seq) >= 0) this.#retries.onRetried();
        return;
      case EventKind.sessionEnded:
        this.#ended = true;
        this.history.bounds.end();
        return;
      case EventKind.sessionStartTracking:
        if (!this.#windows.isTracking) this.#throughput.start(timestampNs);
        this.#windows.start(timestampNs);
        return;
      case EventKind.sessionStopTracking:
        this.#windows.stop();
        this.refreshDurations();
        return;
      default: // STOP_LOADGEN says nothing about a sample; an unknown kind is from a later version.
    }
  }

  #onStarted(timestampNs: number): void {
    if (!Number.isNaN(this.#startedNs)) {
      this.#options.log.error(
        `the session started twice, at ${this.#startedNs} and ${timestampNs} ns; the first start stays`,
      );
      return;
    }
    this.#startedNs = timestampNs;
    this.#state = 'live';
    this.#options.onStarted?.();
  }

  /** A publisher that sends everything twice says this of each sample. */
  #tellIssuedAgain(seq: SampleSeq): void {
    this.#issuedAgain += 1;
    const { log } = this.#options;
    if (this.#issuedAgain <= TOLD_ISSUED_AGAIN) {
      log.warning(`sample ${seq} was issued again while in flight; its row is kept`);
    }
    if (this.#issuedAgain === TOLD_ISSUED_AGAIN) log.warning('others that are issued again are not named');
  }

  #onIssued(batch: EventBatch, index: number, seq: SampleSeq, timestampNs: number): void {
    const table = this.#table;
    let slot = table.slotOf(seq);
    const dueNs = extraOf(batch, index, ISSUED_EXTRA.dueNs);
    if (this.#windows.isTracking) {
      if (slot < 0) {
        slot = table.open(seq);
        this.#throughput.onIssued(timestampNs);
        this.#conversations?.onIssued(batch, index, slot, dueNs);
        this.#groups?.onIssued(batch, index, slot);
      } else this.#tellIssuedAgain(seq);
      table.windows[slot] = this.#windows.latestIndex;
      this.#windows.onIssued(timestampNs);
      this.#triggers.beforeIssued(timestampNs, dueNs);
      this.#tokens.onIssued(batch, index, slot);
      table.issuedNs[slot] = timestampNs;
      table.dueNs[slot] = dueNs;
    }
    this.#counters.total_samples_issued.add(1);
    this.history.onIssued(timestampNs, dueNs);
    if (slot >= 0) this.#counters.tracked_samples_issued.add(1);
  }

  /** @hot */
  #onRecvFirst(batch: EventBatch, index: number, seq: SampleSeq, timestampNs: number): void {
    this.history.onChunk();
    const slot = this.#table.slotOf(seq);
    if (slot < 0) return;
    this.#triggers.beforeRecvFirst(slot, timestampNs);
    this.#conversations?.onFirstChunk(slot, timestampNs, this.#table.issuedNs[slot]!);
    this.#groups?.onFirstChunk(slot, timestampNs - this.#table.issuedNs[slot]!);
    const lateNs = this.lateness.lateNs(timestampNs);
    if (lateNs > 0) this.#boundTtft(slot, timestampNs, lateNs);
    this.#table.recvFirstNs[slot] = timestampNs;
    this.#table.recvFirstLateNs[slot] = lateNs;
    this.#onChunk(batch, index, slot, timestampNs);
  }

  /** @hot */
  #onRecvNonFirst(batch: EventBatch, index: number, seq: SampleSeq, timestampNs: number): void {
    this.history.onChunk();
    const slot = this.#table.slotOf(seq);
    if (slot >= 0) this.#onChunk(batch, index, slot, timestampNs);
  }

  /** @hot */
  #onChunk(batch: EventBatch, index: number, slot: number, timestampNs: number): void {
    const { extras, extraEnds } = batch;
    const choice = choiceOf(batch, index);
    const isOfOne = choice === 0 && !this.#choices.has(slot);
    const gapNs = isOfOne
      ? timestampNs - this.#table.lastRecvNs[slot]!
      : this.#choices.onChunk(slot, choice, timestampNs);
    this.#triggers.onGap(gapNs);
    const lateNs = this.lateness.lateNs(timestampNs);
    const beforeLateNs = this.#table.lastRecvLateNs[slot]!;
    if (lateNs > 0 || beforeLateNs > 0) {
      if (gapNs >= 0) this.lateness.record('chunk_delta_ns', timestampNs, gapNs, lateNs, beforeLateNs);
      this.#table.lastRecvLateNs[slot] = lateNs;
    }
    this.#table.lastRecvNs[slot] = timestampNs;
    this.#table.chunks[slot]! += 1;
    const end = extraEnds[index]!;
    const first = (index === 0 ? 0 : extraEnds[index - 1]!) + (choice > 0 ? 1 : 0);
    for (let at = first; at < end; at++) this.#triggers.onChannelOpened(slot, timestampNs, extras[at]!);
  }

  #onComplete(batch: EventBatch, index: number, seq: SampleSeq, timestampNs: number): void {
    this.#counters.total_samples_completed.add(1);
    const table = this.#table;
    const slot = table.slotOf(seq);
    if (slot < 0) {
      this.history.onComplete(outcomeOf(this.#untrackedFailures.take(seq)));
      this.#tokens.onUntrackedComplete(batch, index, timestampNs);
      return;
    }
    const outcome = outcomeOf(table.flags[slot]!);
    this.history.onComplete(outcome);
    const isByPlan = outcome === 'cancelled' && (table.flags[slot]! & RowFlag.cancelledByPlan) !== 0;
    if (!isByPlan) this.#recordLatency(seq, slot, timestampNs, outcome);
    this.#tokenListeners = this.#listenersOf(slot, timestampNs, outcome);
    this.#tokens.onComplete(batch, index, slot, timestampNs);
    const window = table.windows[slot]!;
    const issuedNs = table.issuedNs[slot]!;
    this.#conversations?.onComplete(batch, index, slot, turnOutcomeOf(table.flags[slot]!), {
      timestampNs,
      issuedNs,
    });
    const how = isByPlan ? 'cancelledByPlan' : outcome;
    this.#groups?.onEnded(slot, how, timestampNs - issuedNs);
    if ((table.flags[slot]! & RowFlag.retried) !== 0) this.#retries.onEnded(how);
    if (outcome === 'cancelled') {
      this.#windows.onCancelled(window);
      this.#throughput.onCancelled(timestampNs);
    } else {
      this.#windows.onComplete(window, issuedNs, timestampNs);
      this.#throughput.onEnded(issuedNs, timestampNs, outcome === 'succeeded');
    }
    this.#counters.tracked_samples_completed.add(1);
    this.#countFinishReason(batch.finishReasons[index]!);
    if (isByPlan) this.#counters.tracked_samples_cancelled_by_plan.add(1);
    else this.#outcomeCounters[outcome].add(1);
    if (outcome === 'succeeded') this.#responses.onSuccess(batch, index, timestampNs - issuedNs);
    this.#choices.close(slot);
    table.close(seq, slot);
  }

  /** Who wants to know of the tokens of a sample that is about to leave its row. */
  #listenersOf(slot: number, completeNs: number, outcome: EndedAs): readonly TokenListener[] {
    const group = this.#groups?.of(slot) ?? NO_GROUP;
    if (this.#goodput === undefined || outcome === 'cancelled') return group;
    const turn = this.#conversations?.positionsOf(slot);
    return [...group, this.#goodput.onEnded(slot, completeNs, outcome === 'succeeded', group, turn)];
  }

  #recordLatency(seq: SampleSeq, slot: number, timestampNs: number, outcome: EndedAs): void {
    this.#slowest.onComplete(seq, slot, timestampNs);
    this.#triggers.beforeComplete(slot, timestampNs);
    const lateNs = this.lateness.lateNs(timestampNs);
    if (lateNs > 0) this.#boundLatency(slot, timestampNs, lateNs, outcome);
  }

  /** The first chunk may have been there earlier. */
  #boundTtft(slot: number, timestampNs: number, lateNs: number): void {
    if (this.#options.metrics.series.ttft_ns === undefined) return;
    const { issuedNs, dueNs } = this.#table;
    this.lateness.record('ttft_ns', timestampNs, timestampNs - issuedNs[slot]!, lateNs);
    if (!Number.isNaN(dueNs[slot]!))
      this.lateness.record('response_ttft_ns', timestampNs, timestampNs - dueNs[slot]!, lateNs);
  }

  /** So may the end of the answer. */
  #boundLatency(slot: number, timestampNs: number, lateNs: number, outcome: EndedAs): void {
    const { issuedNs, dueNs } = this.#table;
    this.lateness.record('sample_latency_ns', timestampNs, timestampNs - issuedNs[slot]!, lateNs);
    if (outcome === 'succeeded' && !Number.isNaN(dueNs[slot]!))
      this.lateness.record('response_latency_ns', timestampNs, timestampNs - dueNs[slot]!, lateNs);
  }

  /** The sample goes on: whether it has failed, its last attempt tells. */
  #onAttemptFailed(batch: EventBatch, index: number, seq: SampleSeq): void {
    const slot = seq === NO_SAMPLE ? -1 : this.#table.slotOf(seq);
    if (slot < 0) return;
    const payload = this.#payloads.read(batch, index);
    const type = payload?.type === 'ErrorData' ? payload.data.errorType : '';
    const flags = this.#table.flags[slot]!;
    this.#retries.onAttemptFailed(type, (flags & RowFlag.retried) === 0);
    this.#table.flags[slot] = flags | RowFlag.retried;
  }

  #onError(batch: EventBatch, index: number, kind: EventKind, seq: SampleSeq): void {
    const payload = this.#payloads.read(batch, index);
    const type = payload?.type === 'ErrorData' ? payload.data.errorType : EVENT_TOPICS[kind];
    const slot = seq === NO_SAMPLE ? -1 : this.#table.slotOf(seq);
    // An error of a sample outside the measurement, of a warm-up say, is none of the measurement's.
    if (seq === NO_SAMPLE || slot >= 0)
      this.#errors.add(type, payload?.type === 'ErrorData' ? payload.data.errorMessage : '');
    this.#counters.total_samples_failed.add(1);
    const flag = flagOf(type);
    if (slot < 0) {
      if (seq !== NO_SAMPLE) this.#untrackedFailures.add(seq, flag);
      return;
    }
    this.#groups?.onError(slot, type);
    if ((flag & RowFlag.cancelledByPlan) === 0) this.#counters.tracked_samples_failed.add(1);
    this.#table.flags[slot]! |= flag;
  }

  #countFinishReason(code: number): void {
    if (code === FINISH_ABSENT) return;
    (this.#finishReasonCounters[code - 1] ?? this.#counters.tracked_finish_reason_other).add(1);
  }

  #logProgress(foldedCount: number): void {
    const before = Math.floor(this.#recordCount / RECORDS_PER_DEBUG_LINE);
    this.#recordCount += foldedCount;
    if (Math.floor(this.#recordCount / RECORDS_PER_DEBUG_LINE) === before) return;
    this.#options.log.debug(`${this.#recordCount} records folded, ${this.#table.size} samples in flight`);
  }
}

/** Of the series with values. */
function distributionsOf({ series }: RunMetrics): Record<string, LogDistribution> {
  const withValues = Object.entries(series).filter(([, { count }]) => count > 0);
  return Object.fromEntries(withValues.map(([name, sampler]) => [name, sampler.logDistribution()]));
}

/** What an error makes of its sample. */
function flagOf(errorType: string): number {
  if (errorType === CANCELLED_BY_PLAN_ERROR_TYPE) return RowFlag.cancelled | RowFlag.cancelledByPlan;
  return errorType === CANCELLED_ERROR_TYPE ? RowFlag.cancelled : RowFlag.errored;
}

/** A cancellation by the plan is the end that somebody meant for a conversation, too. */
function turnOutcomeOf(flags: number): TurnOutcome {
  if ((flags & (RowFlag.errored | RowFlag.cancelledByPlan)) !== 0) return 'failed';
  return (flags & RowFlag.cancelled) === 0 ? 'succeeded' : 'given_up';
}

/** A sample that met another error before it was cancelled is errored. */
function outcomeOf(flags: number): EndedAs {
  if ((flags & RowFlag.errored) !== 0) return 'errored';
  return (flags & RowFlag.cancelled) === 0 ? 'succeeded' : 'cancelled';
}
