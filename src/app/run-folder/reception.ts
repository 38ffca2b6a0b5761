import { InferometerError } from '../../core/errors.ts';
import type { Frame } from '../../transport/frame.ts';
import { jsonFrame, jsonOfFrame } from './run-header.ts';

/**
 * Content of a `reception` frame: something that kept events of a publisher from the log. `resumed`: the aggregator was started again; what was
 * published while it was away is missing. `frames_missed`: a publisher's frames have a gap in their numbers. `message_refused`: a message was
 * left out for what it is. `reconnected`: a publisher was away for a while. `publisher_lost`: it did not come back in time, or never came.
 */
export interface Reception {
  readonly event: 'resumed' | 'frames_missed' | 'message_refused' | 'reconnected' | 'publisher_lost';
  /** Position in the header's list; null for all of them. */
  readonly publisher: number | null;
  /** Frames or messages that are missing, as far as that is known. */
  readonly count: number;
}

/** It as an unsealed frame. */
export function receptionFrame(reception: Reception): Uint8Array {
  return jsonFrame(reception);
}

/** It again. Throws `INFEROMETER_RUNLOG_CONTENT` (input) for a frame that holds none. */
export function receptionOfFrame(frame: Frame): Reception {
  const reception = jsonOfFrame(frame) as Partial<Reception> | null;
  const { event, publisher, count } = reception ?? {};
  const isReception =
    typeof event === 'string' && (publisher === null || isWhole(publisher)) && isWhole(count);
  if (isReception) return reception as Reception;
  throw new InferometerError('INFEROMETER_RUNLOG_CONTENT', 'input', 'found a reception frame that is none');
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** What is missing of a run for how its events were received. */
export class ReceptionTally {
  #resumed = 0;
  #framesMissed = 0;
  #messagesRefused = 0;
  #reconnected = 0;
  #publishersLost = 0;

  fold({ event, count }: Reception): void {
    if (event === 'resumed') this.#resumed += 1;
    else if (event === 'frames_missed') this.#framesMissed += count;
    else if (event === 'message_refused') this.#messagesRefused += count;
    else if (event === 'reconnected') this.#reconnected += 1;
    else if (event === 'publisher_lost') this.#publishersLost += 1;
  }

  summary() {
    return {
      resumed: this.#resumed,
      frames_missed: this.#framesMissed,
      messages_refused: this.#messagesRefused,
      reconnected: this.#reconnected,
      publishers_lost: this.#publishersLost,
    };
  }
}
