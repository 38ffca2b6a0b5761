import type { ErrorData } from '../core/model-output.ts';
import type { WarmResult } from './worker-messages.ts';

/** Counts how attempts to connect ahead of a phase end. */
export class Warming {
  readonly #attempts: number;
  readonly #result = Promise.withResolvers<WarmResult>();
  #opened = 0;
  #failed = 0;
  #failure: ErrorData | undefined;

  constructor(attempts: number) {
    this.#attempts = Math.max(0, attempts);
    this.#resolveAtEnd();
  }

  /** Resolves when every attempt has ended. */
  get result(): Promise<WarmResult> {
    return this.#result.promise;
  }

  /** Attempts that have not ended. */
  get left(): number {
    return this.#attempts - this.#opened - this.#failed;
  }

  /** One attempt has ended, `undefined`: well. */
  settle(failure: ErrorData | undefined): void {
    if (failure === undefined) this.#opened += 1;
    else this.#failed += 1;
    this.#failure ??= failure;
    this.#resolveAtEnd();
  }

  #resolveAtEnd(): void {
    if (this.left > 0) return;
    this.#result.resolve({ opened: this.#opened, failed: this.#failed, failure: this.#failure });
  }
}

/** Several results as one. */
export function totalOf(results: readonly WarmResult[]): WarmResult {
  return {
    opened: results.reduce((sum, { opened }) => sum + opened, 0),
    failed: results.reduce((sum, { failed }) => sum + failed, 0),
    failure: results.find(({ failure }) => failure !== undefined)?.failure,
  };
}
