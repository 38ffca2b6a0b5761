import type { MessagePublisher } from './message.ts';

/** Several publishers as one, for sockets that cannot be one: each item goes to all, in order. */
export class PublisherGroup<T> implements MessagePublisher<T> {
  readonly #publishers: readonly [MessagePublisher<T>, ...MessagePublisher<T>[]];

  constructor(first: MessagePublisher<T>, ...others: readonly MessagePublisher<T>[]) {
    this.#publishers = [first, ...others];
  }

  /** That of the first. */
  get address(): string {
    return this.#publishers[0].address;
  }

  publish(item: T): void {
    for (const publisher of this.#publishers) publisher.publish(item);
  }

  flush(): void {
    for (const publisher of this.#publishers) publisher.flush();
  }

  async close(): Promise<void> {
    await Promise.all(this.#publishers.map((publisher) => publisher.close()));
  }
}
