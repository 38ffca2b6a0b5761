import type { MessageSubscriber } from '../transport/message.ts';
import { isTerminal, type MetricsSnapshot } from './snapshot.ts';

export interface SnapshotSubscriberOptions {
  /** Not started yet; closed together with the subscriber of snapshots. */
  readonly subscriber: MessageSubscriber<MetricsSnapshot>;
  /** Called with each snapshot as it arrives, in order. */
  readonly onSnapshot?: (snapshot: MetricsSnapshot) => void;
}

/** Follows the snapshots of a run from the moment it is made. A picture of the run, not a record: frames may be missed. */
export class SnapshotSubscriber {
  readonly #subscriber: MessageSubscriber<MetricsSnapshot>;
  readonly #onSnapshot: ((snapshot: MetricsSnapshot) => void) | undefined;
  readonly #ended = Promise.withResolvers<MetricsSnapshot | undefined>();
  #latest: MetricsSnapshot | undefined;
  #terminal: MetricsSnapshot | undefined;

  constructor({ subscriber, onSnapshot }: SnapshotSubscriberOptions) {
    this.#subscriber = subscriber;
    this.#onSnapshot = onSnapshot;
    subscriber.start((snapshots) => this.#receive(snapshots));
  }

  /** The last snapshot that arrived. */
  get latest(): MetricsSnapshot | undefined {
    return this.#latest;
  }

  /** The first terminal snapshot that arrived. */
  get terminal(): MetricsSnapshot | undefined {
    return this.#terminal;
  }

  /** The terminal snapshot as soon as it is there; `undefined` after `timeoutMs` without one, or at `close`. */
  async waitForTerminal(timeoutMs: number): Promise<MetricsSnapshot | undefined> {
    const timeout = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => timeout.resolve(undefined), timeoutMs);
    try {
      return await Promise.race([this.#ended.promise, timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Stops following. Idempotent. */
  async close(): Promise<void> {
    this.#ended.resolve(undefined);
    await this.#subscriber.close();
  }

  #receive(snapshots: readonly MetricsSnapshot[]): void {
    for (const snapshot of snapshots) {
      this.#latest = snapshot;
      if (this.#terminal === undefined && isTerminal(snapshot.state)) {
        this.#terminal = snapshot;
        this.#ended.resolve(snapshot);
      }
      this.#onSnapshot?.(snapshot);
    }
  }
}
