import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { MessagePublisher } from '../../transport/message.ts';

/** A publisher with one listener in this process. */
export class SnapshotTap implements MessagePublisher<MetricsSnapshot> {
  readonly address = '';
  readonly #onSnapshot: (snapshot: MetricsSnapshot) => void;

  constructor(onSnapshot: (snapshot: MetricsSnapshot) => void) {
    this.#onSnapshot = onSnapshot;
  }

  publish(snapshot: MetricsSnapshot): void {
    this.#onSnapshot(snapshot);
  }
  flush(): void {
    // Nothing is buffered.
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
