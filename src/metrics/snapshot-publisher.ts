import { writeFileAtomic } from '../core/atomic-file.ts';
import { InferometerError, errorText } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { MessagePublisher } from '../transport/message.ts';
import type { MetricsRegistry, SnapshotMoment } from './registry.ts';
import { snapshotJsonText } from './snapshot-json.ts';
import type { ExactInteger, MetricsSnapshot } from './snapshot.ts';

/** How the run stands at a tick. */
export type LiveStatus = Omit<SnapshotMoment, 'timestampNs'>;

export interface SnapshotPublisherOptions {
  readonly registry: MetricsRegistry;
  /** Closed together with the publisher of snapshots. */
  readonly publisher: MessagePublisher<MetricsSnapshot>;
  /** File of the final snapshot, in a directory that exists; `undefined` for none. */
  readonly finalPath: string | undefined;
  /** The producer's CLOCK_MONOTONIC, absolute ns. */
  readonly nowNs: () => ExactInteger;
  readonly log: Log;
}

export interface FinalStatus {
  readonly pendingTaskCount: number;
  /** Whether the run ends as interrupted, with approximate statistics, or as complete, with exact ones. */
  readonly interrupted: boolean;
  readonly extras?: SnapshotMoment['extras'];
}

/**
 * Publishes snapshots of a registry: live ones by the clock, then one final one to the file and to the bus.
 *
 * The file is the authority and comes first; a failure of either is logged and does not keep the other from happening.
 */
export class SnapshotPublisher {
  readonly #options: SnapshotPublisherOptions;
  #timer: NodeJS.Timeout | undefined;
  #final: Promise<MetricsSnapshot> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: SnapshotPublisherOptions) {
    this.#options = options;
  }

  /** Whether live snapshots are being published. */
  get ticking(): boolean {
    return this.#timer !== undefined;
  }

  /**
   * Publishes a live snapshot every `intervalMs`, the first after one interval. A failing tick is logged and the next one
   * happens all the same. A second call is ignored with a warning, and so is one after the end.
   * Throws `INFEROMETER_METRICS_INTERVAL` unless the interval is above 0.
   */
  start(intervalMs: number, live: () => LiveStatus): void {
    if (!(intervalMs > 0)) {
      throw new InferometerError(
        'INFEROMETER_METRICS_INTERVAL',
        'input',
        `the publish interval must be more than 0 ms (got ${intervalMs})`,
      );
    }
    if (this.ticking || this.#final !== undefined || this.#closed !== undefined) {
      this.#options.log.warning('snapshot publisher: started already, ignored');
      return;
    }
    this.#timer = setInterval(() => this.#tick(live), intervalMs);
  }

  /**
   * Stops the ticks, builds the terminal snapshot, writes the file, publishes the frame, and resolves to the snapshot.
   * Later calls get the same snapshot and publish nothing. Rejects only when the snapshot cannot be built.
   */
  publishFinal(status: FinalStatus): Promise<MetricsSnapshot> {
    this.#final ??= this.#publishFinal(status);
    return this.#final;
  }

  /** Stops the ticks and closes the bus end, letting a final snapshot under way finish first. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #tick(live: () => LiveStatus): void {
    const { registry, publisher, nowNs, log } = this.#options;
    try {
      publisher.publish(registry.buildSnapshot({ timestampNs: nowNs(), ...live() }));
    } catch (error) {
      log.error(`snapshot publisher: tick failed: ${errorText(error)}`);
    }
  }

  async #publishFinal({ pendingTaskCount, interrupted, extras }: FinalStatus): Promise<MetricsSnapshot> {
    const { registry, publisher, finalPath, nowNs, log } = this.#options;
    this.#stopTicking();
    const snapshot = registry.buildSnapshot({
      timestampNs: nowNs(),
      state: interrupted ? 'interrupted' : 'complete',
      pendingTaskCount,
      ...(extras === undefined ? {} : { extras }),
    });
    if (finalPath !== undefined) {
      try {
        await writeFileAtomic(finalPath, snapshotJsonText(snapshot));
      } catch (error) {
        log.error(`final snapshot: cannot write ${finalPath}: ${errorText(error)}`);
      }
    }
    try {
      publisher.publish(snapshot);
      publisher.flush();
    } catch (error) {
      log.error(`final snapshot: cannot publish: ${errorText(error)}`);
    }
    return snapshot;
  }

  async #close(): Promise<void> {
    this.#stopTicking();
    // A failure to build it has been told to whoever asked for the final snapshot.
    await this.#final?.catch(() => undefined);
    await this.#options.publisher.close();
  }

  #stopTicking(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
