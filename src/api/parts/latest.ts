/** Values for any number of readers, each of which gets the newest one when it is ready for it: nothing queues for a slow reader. */
export class Latest<T> implements AsyncIterable<T> {
  #value: T | undefined;
  #version = 0;
  #isOver = false;
  #next = Promise.withResolvers<void>();

  set(value: T): void {
    this.#value = value;
    this.#version += 1;
    this.#wake();
  }

  /** No value comes any more. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    let seen = 0;
    for (;;) {
      if (this.#version > seen) {
        seen = this.#version;
        yield this.#value as T;
      } else if (this.#isOver) return;
      else await this.#next.promise;
    }
  }

  #wake(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }
}
