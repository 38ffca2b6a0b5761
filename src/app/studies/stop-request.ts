const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The wish to end a study, by a signal or by whoever ended its cell. From the start signals no longer end this process. */
export class StopRequest {
  readonly #controller = new AbortController();
  readonly #listeners = new Set<(signal: NodeJS.Signals) => void>();
  readonly #onSignal = (signal: NodeJS.Signals) => {
    this.request();
    for (const listener of this.#listeners) listener(signal);
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  get isRequested(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Aborted at the first wish. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  request(): void {
    this.#controller.abort();
  }

  /** Tells every signal, also later ones. Returns what ends that. */
  onSignal(listener: (signal: NodeJS.Signals) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}
