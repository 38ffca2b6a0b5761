import type { Log } from '../core/log.ts';
import { payloadOf, type EventBatch } from '../events/event-batch.ts';
import { decodePayload, type EventPayload } from '../events/payload.ts';
import { WireFormatError } from '../events/wire-format-error.ts';

/**
 * Reads the `data` of records. One that can't be read counts as none, for it must not end the run; the first is told as a
 * warning, later ones at debug.
 */
export class PayloadReader {
  readonly #log: Log;
  #warned = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The `data` of record `index`, or `undefined` when it has none. */
  read(batch: EventBatch, index: number): EventPayload | undefined {
    const bytes = payloadOf(batch, index);
    if (bytes === undefined) return undefined;
    try {
      return decodePayload(bytes);
    } catch (error) {
      if (!(error instanceof WireFormatError)) throw error;
      this.#report(`data of an event can't be read: ${error.message}`);
      return undefined;
    }
  }

  #report(message: string): void {
    if (this.#warned) this.#log.debug(message);
    else this.#log.warning(message);
    this.#warned = true;
  }
}
