import type { Log } from '../core/log.ts';
import { payloadOf, type EventBatch } from '../events/event-batch.ts';
import { decodePayload, type EventPayload } from '../events/payload.ts';
import { WireFormatError } from '../events/wire-format-error.ts';

/** Reads the `data` of records. One that can't be read counts as none, with a warning: it must not end the run. */
export class PayloadReader {
  readonly #log: Log;

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
      this.#log.warning(`data of an event can't be read: ${error.message}`);
      return undefined;
    }
  }
}
