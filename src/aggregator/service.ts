import { errorText } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { PromptData } from '../core/model-output.ts';
import type { EventBatch } from '../events/event-batch.ts';
import type { MetricsRegistry } from '../metrics/registry.ts';
import type { SnapshotPublisher } from '../metrics/snapshot-publisher.ts';
import type { Json } from '../metrics/snapshot.ts';
import type { TokenCounter } from '../tokens/token-counter.ts';
import { TokenQueue } from '../tokens/token-queue.ts';
import { Aggregator } from './aggregator.ts';
import { HISTORY_PERIOD_NS } from './history-recorder.ts';
import { registerRunMetrics, type RunMetrics, type RunMetricsOptions } from './run-metrics.ts';

export interface AggregatorServiceOptions extends RunMetricsOptions {
  /** Empty; gets all metrics of the catalogue. */
  readonly registry: MetricsRegistry;
  /** Publishes snapshots of `registry`; closed at the end. */
  readonly publisher: Pick<SnapshotPublisher, 'start' | 'publishFinal' | 'close'>;
  /** Undefined without a tokenizer. The caller closes it. */
  readonly tokenCounter: TokenCounter | undefined;
  /** Between live snapshots, and between live token counts, ms; 0 for neither. */
  readonly publishIntervalMs: number;
  /** Most time the token counts left at the end may take, ms. Default 0: no limit. */
  readonly drainTimeoutMs?: number;
  /** Facts of the process for the snapshots' extras, beside the aggregator's own. */
  readonly extras?: () => { readonly [key: string]: Json };
  readonly log: Log;
}

/**
 * The life of an aggregator: initialize → live at the session's start → draining at its end → the final snapshot, once.
 *
 * Whatever fails on the way down is logged, and {@link closed} resolves all the same.
 */
export class AggregatorService {
  /** The folding; for reading. */
  readonly aggregator: Aggregator;
  /** What it folds into; for reading. */
  readonly metrics: RunMetrics;
  /** Resolves, never rejects, when the final snapshot is out and the publisher closed. */
  readonly closed: Promise<void>;

  readonly #options: AggregatorServiceOptions;
  readonly #queue: TokenQueue | undefined;
  readonly #closing = Promise.withResolvers<void>();
  #interrupted = false;
  /** Until when the history was told last. */
  #toldUntilNs = -Infinity;
  #finished: Promise<void> | undefined;

  /** Registers the metrics; throws as {@link registerRunMetrics} does. */
  constructor(options: AggregatorServiceOptions) {
    const { registry, tokenCounter, log } = options;
    this.#options = options;
    this.#queue = tokenCounter === undefined ? undefined : new TokenQueue(tokenCounter, log);
    this.closed = this.#closing.promise;
    this.metrics = registerRunMetrics(registry, options);
    this.aggregator = new Aggregator({
      metrics: this.metrics,
      tokenQueue: this.#queue,
      log,
      onStarted: () => this.#goLive(),
      onEnded: () => void this.#drainAndFinish(),
    });
  }

  /** Folds one batch. @hot */
  process(batch: EventBatch): void {
    this.aggregator.process(batch);
  }

  /** See {@link Aggregator.setPrompts}. */
  setPrompts(firstRow: number, prompts: readonly PromptData[]): void {
    this.aggregator.setPrompts(firstRow, prompts);
  }

  /** Gives up the token counts still to come; a drain under way ends at once. */
  cancelPending(): void {
    this.#queue?.abandon();
  }

  /** Ends now, with a snapshot marked interrupted, unless the final one is on its way. Resolves like {@link closed}. */
  interrupt(): Promise<void> {
    this.#interrupted = true;
    this.cancelPending();
    return this.#finish();
  }

  #goLive(): void {
    const { publisher, publishIntervalMs } = this.#options;
    if (publishIntervalMs === 0) return;
    publisher.start(publishIntervalMs, () => ({
      state: this.aggregator.state,
      pendingTaskCount: this.aggregator.pendingTaskCount,
      extras: { ...this.#extras(this.#isHistoryDue()), ...this.#untilSoFar() },
    }));
    this.#queue?.startLive(publishIntervalMs);
  }

  async #drainAndFinish(): Promise<void> {
    const { drainTimeoutMs, log } = this.#options;
    await this.#queue?.drain(drainTimeoutMs);
    // More than the queue has left: samples of one dataset row share the count of its prompt.
    const { pendingTaskCount } = this.aggregator;
    if (pendingTaskCount > 0)
      log.warning(`${pendingTaskCount} token counts are missing from the final snapshot`);
    await this.#finish();
  }

  #finish(): Promise<void> {
    this.#finished ??= this.#publishAndClose();
    return this.#finished;
  }

  async #publishAndClose(): Promise<void> {
    const { publisher, log } = this.#options;
    try {
      this.aggregator.refreshDurations();
      await publisher.publishFinal({
        pendingTaskCount: this.aggregator.pendingTaskCount,
        interrupted: this.#interrupted,
        extras: this.#extras(true),
      });
    } catch (error) {
      log.error(`the final snapshot could not be published: ${errorText(error)}`);
    }
    try {
      await publisher.close();
    } catch (error) {
      log.error(`the snapshot publisher could not be closed: ${errorText(error)}`);
    }
    this.#closing.resolve();
  }

  /** The history is long: a live snapshot has it when another second of the run has passed, and the first one. */
  #isHistoryDue(): boolean {
    return this.aggregator.history.endNs >= this.#toldUntilNs + HISTORY_PERIOD_NS;
  }

  #untilSoFar(): { readonly [key: string]: Json } {
    const soFar = this.aggregator.untilSoFar();
    return soFar === undefined ? {} : { until_so_far: soFar };
  }

  #extras(withHistory: boolean): { readonly [key: string]: Json } {
    const { aggregator } = this;
    if (withHistory) this.#toldUntilNs = aggregator.history.endNs;
    return {
      ...aggregator.extras(),
      ...(withHistory ? aggregator.historyExtras() : {}),
      ...this.#options.extras?.(),
    };
  }
}
