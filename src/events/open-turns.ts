import { EventKind } from '../core/event-types.ts';
import { ISSUED_EXTRA, type RecordNote } from './event-batch.ts';

/** Where a sample belongs, as the reference's records have it. */
export interface WireTurn {
  readonly conversationId: string;
  /** The first question is 1, the second 3: in the reference's datasets, responses have the numbers between. */
  readonly turn: number;
}

/**
 * The turns that are in flight. Our records tell only when a sample is issued which turn it is; in the reference's form every record of the
 * sample does. Give it the records of a run in their order.
 */
export class OpenTurns {
  readonly #turns = new Map<number, WireTurn>();

  /**
   * The turn of the sample of a record; undefined for a single request. `extraOf`: see `ISSUED_EXTRA`; NaN for none. `note`: of the record,
   * which names a conversation that has a name in the dataset.
   */
  of(
    kind: EventKind,
    seq: number,
    extraOf: (position: number) => number,
    note?: RecordNote,
  ): WireTurn | undefined {
    if (kind === EventKind.sampleIssued) return this.#issued(seq, extraOf, note);
    if (this.#turns.size === 0) return undefined;
    const turn = this.#turns.get(seq);
    if (kind === EventKind.sampleComplete) this.#turns.delete(seq);
    return turn;
  }

  #issued(seq: number, extraOf: (position: number) => number, note?: RecordNote): WireTurn | undefined {
    const conversation = extraOf(ISSUED_EXTRA.conversation);
    const position = extraOf(ISSUED_EXTRA.position);
    if (!isCount(conversation) || !isCount(position)) return undefined;
    const { conversationId = String(conversation), turn: number = 2 * position + 1 } = note ?? {};
    const turn = { conversationId, turn: number };
    this.#turns.set(seq, turn);
    return turn;
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}
