import { errorText } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';

/** What must be let go of at the end, in reverse order; each one runs even when an earlier one fails. */
export class Closers {
  readonly #close: (() => unknown)[] = [];

  add(close: () => unknown): void {
    this.#close.push(close);
  }

  /** Never rejects: failures are logged. */
  async run(log: Log): Promise<void> {
    for (let close = this.#close.pop(); close !== undefined; close = this.#close.pop()) {
      try {
        await close();
      } catch (error) {
        log.error(`while closing: ${errorText(error)}`);
      }
    }
  }
}
