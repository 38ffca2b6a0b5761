import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../core/log.ts';
import { errorText } from '../../core/errors.ts';
import { type Frame } from '../../transport/frame.ts';
import { partBytesOf, partsOf, publishPart } from './frame-messages.ts';
import type { NatsPlace } from './nats-place.ts';

const RETRY_MS = 500;

/**
 * Publishes what the coordinator itself adds to the log of a run, so that the run can be rebuilt where the coordinator's machine is gone.
 * In order and one at a time: these are few, but for the prompts.
 */
export class OwnFrames {
  readonly #place: NatsPlace;
  readonly #subject: string;
  readonly #publisher: string;
  readonly #log: Log;
  readonly #queue: Uint8Array[] = [];
  #seq = 0;
  #isClosed = false;
  #running: Promise<void> | undefined;

  constructor(place: NatsPlace, subject: string, publisher: string, log: Log) {
    this.#place = place;
    this.#subject = subject;
    this.#publisher = publisher;
    this.#log = log;
  }

  add({ bytes }: Frame): void {
    if (this.#isClosed) return;
    // What is recorded may be reused by whoever recorded it.
    this.#queue.push(bytes.slice());
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Resolves once all so far are in the stream, or after `timeoutMs`. */
  async flushed(timeoutMs: number): Promise<void> {
    const timeout = new AbortController();
    await Promise.race([this.#running, sleep(timeoutMs, undefined, { signal: timeout.signal })]);
    timeout.abort();
  }

  close(): void {
    this.#isClosed = true;
  }

  async #run(): Promise<void> {
    const partBytes = partBytesOf(this.#place.connection.info?.max_payload ?? 0);
    for (let bytes = this.#queue[0]; bytes !== undefined && !this.#isClosed; bytes = this.#queue[0]) {
      try {
        for (const part of partsOf(this.#seq, bytes, partBytes))
          await publishPart(this.#place.js, this.#subject, this.#publisher, part);
        this.#queue.shift();
        this.#seq += 1;
      } catch (error) {
        this.#log.debug(`a frame of the coordinator has to wait: ${errorText(error)}`);
        await sleep(RETRY_MS);
      }
    }
  }
}
